#!/usr/bin/env bash
# Gets what the tests need and a machine with only Go, make and apt lacks: a C compiler, redis-server, iproute2, Chromium, Java,
# Keycloak, Pebble, buf, geo data.
# It may be run again at any time and is quick when nothing is missing. What cannot be had is named and is no error here:
# the tests that need it are skipped by name, or fail where EDGEAUTH_REQUIRE_ALL=1.
# EDGEAUTH_CACHE says where fetched things live (default: edgeauth below the user's cache directory).
set -euo pipefail
cd "$(dirname "$0")/.."

keycloak_version=26.7.5
cache=${EDGEAUTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/edgeauth}
keycloak=$cache/keycloak-$keycloak_version

# Where addresses are, as npm packages of ip-location-db: cities by DB-IP (CC-BY-4.0), countries (CC0), systems (DB-IP, RouteViews
# and the regional registries). internal/need knows the folder's name.
geo_packages='dbip-city-mmdb@2.3.2026060513 geo-whois-asn-country-mmdb@2.3.2026061719 asn@2.3.2026061719'
geo=$cache/geo-1

say() { printf 'setup: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
have_chromium() { have chromium || have chromium-browser || have google-chrome || have google-chrome-stable; }

# Each of these names what this run made and has to undo; empty when there is nothing.
policy_made='' download_made='' group=''

# However the run ends, it leaves neither a machine whose services do not start nor a Keycloak that nobody stops.
clean_up() {
  trap '' INT TERM
  if [ -n "$policy_made" ]; then rm -f "$policy_made"; fi
  stop_group
  if [ -n "$download_made" ]; then rm -rf "$download_made"; fi
}

# Starts "$@" in the background in a process group of its own, which stop_group ends. It gets no hold on the lock.
start_group() {
  setsid "$@" 9>&- &
  group=$!
}

# Its leader may be so young that it has no group yet: then the signal goes to it alone.
signal_group() { kill "-$1" -- "-$group" 2>/dev/null || kill "-$1" "$group" 2>/dev/null; }

stop_group() {
  if [ -z "$group" ]; then return; fi
  signal_group TERM || true
  for _ in $(seq 100); do
    if ! signal_group 0; then break; fi
    sleep 0.2
  done
  signal_group KILL || true
  wait "$group" 2>/dev/null || true
  group=''
}

# bash hears a signal at once while it waits, but only after its command's end while one runs in the foreground.
run_group() {
  local status=0
  start_group "$@"
  wait "$group" || status=$?
  group=''
  return "$status"
}

# Debian starts a service as soon as its package is installed. While this file answers 101 it does not, so that the
# machine's port 6379 stays as it was; a Redis that was there before is not touched.
without_services() {
  local policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then "$@"; return; fi
  policy_made=$policy
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  local status=0
  "$@" || status=$?
  rm -f "$policy"
  policy_made=''
  return "$status"
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_packages() {
  local wanted=()
  have gcc || wanted+=(gcc libc6-dev) # the race detector links with it
  [ -e /etc/ssl/certs/ca-certificates.crt ] || wanted+=(ca-certificates) # part of the image
  have redis-server || wanted+=(redis-server)
  { have ip && have tc; } || wanted+=(iproute2) # networks of the tests' own, which take root too
  have_chromium || wanted+=(chromium)
  if [ ! -e "$keycloak/edgeauth-ready" ]; then
    have unzip || wanted+=(unzip)
    have mvn || wanted+=(maven)
  fi
  have java || wanted+=(openjdk-17-jre-headless)
  if [ ! -e "$geo/edgeauth-ready" ]; then have npm || wanted+=(npm); fi
  if [ ${#wanted[@]} -eq 0 ]; then return; fi
  if ! have apt-get || [ "$(id -u)" -ne 0 ]; then
    say "MISSING: ${wanted[*]}; install them yourself, or run this as root on Debian"
    return
  fi
  say "installing Debian packages: ${wanted[*]}"
  without_services apt_install "${wanted[@]}" || say "MISSING: apt-get could not install all of: ${wanted[*]}"
}

fetch_keycloak() {
  say "fetching Keycloak $keycloak_version by Maven: 174 MB, a minute or more without a word, unless Maven has it already"
  local status=0
  download_made=$(mktemp -d "$cache/download.XXXXXX")
  unpack_keycloak "$download_made" || status=$?
  rm -rf "$download_made"
  download_made=''
  return "$status"
}

unpack_keycloak() {
  run_group mvn -q -B -Dstyle.color=never dependency:copy \
    "-Dartifact=org.keycloak:keycloak-quarkus-dist:$keycloak_version:zip" "-DoutputDirectory=$1" &&
    run_group unzip -q "$1/keycloak-quarkus-dist-$keycloak_version.zip" -d "$1" &&
    rm -rf "$keycloak" &&
    mv "$1/keycloak-$keycloak_version" "$keycloak"
}

# The first start of an unpacked Keycloak compiles its own configuration and creates its database schema. Both are done
# here once; an instance of the tests shares the first and copies the second (see internal/keycloak).
warm_keycloak() {
  say "starting Keycloak once, so that it builds itself (about 40 s on an idle machine)"
  local log=$keycloak/first-start.log
  start_group env KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=admin "$keycloak/bin/kc.sh" start-dev \
    --http-host=127.0.0.1 --http-port=0 --http-management-port=0 >"$log" 2>&1
  local waited
  for waited in $(seq 600); do
    if grep -q 'Listening on:' "$log"; then break; fi
    if ! kill -0 "$group" 2>/dev/null; then break; fi
    sleep 1
  done
  stop_group
  if ! grep -q 'Listening on:' "$log"; then
    say "Keycloak did not start within ${waited} s; its last words:"
    tail -n 20 "$log"
    return 1
  fi
  : >"$keycloak/edgeauth-ready"
}

setup_keycloak() {
  if [ -e "$keycloak/edgeauth-ready" ]; then return; fi
  if ! have java; then say "MISSING: Keycloak needs Java"; return; fi
  if ! have mvn || ! have unzip; then say "MISSING: fetching Keycloak needs mvn and unzip"; return; fi
  # A folder without the mark is what a broken first start left: its half-made database may never start again.
  if ! fetch_keycloak; then say "MISSING: Keycloak could not be fetched"; return; fi
  warm_keycloak || say "MISSING: Keycloak was fetched but does not start"
}

build_pebble() {
  go -C tools build -o "$cache/bin/" github.com/letsencrypt/pebble/v2/cmd/pebble ||
    say "MISSING: Pebble could not be built"
}

# The same tools as scripts/proto.sh builds: about 2.5 min on two idle cores the first time, a second later on.
build_buf() {
  go -C tools build -o "$cache/bin/" github.com/bufbuild/buf/cmd/buf google.golang.org/protobuf/cmd/protoc-gen-go \
    google.golang.org/grpc/cmd/protoc-gen-go-grpc github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway \
    github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2 || say "MISSING: buf could not be built"
}

# npm checks what it fetched against the registry's digests; nothing of it is run.
fetch_geo() {
  local package name
  for package in $geo_packages; do
    name=${package%@*}
    mkdir "$1/$name" &&
      run_group npm pack --silent --pack-destination "$1" "@ip-location-db/$package" >/dev/null &&
      tar -xzf "$1/ip-location-db-${package/@/-}.tgz" -C "$1/$name" --strip-components=1 || return 1
  done
}

unpack_geo() {
  fetch_geo "$1" && rm -f "$1"/*.tgz && : >"$1/edgeauth-ready" && rm -rf "$geo" && mv "$1" "$geo"
}

setup_geo() {
  if [ -e "$geo/edgeauth-ready" ]; then return; fi
  if ! have npm; then say "MISSING: geo data needs npm"; return; fi
  say "fetching geo data from npm: 90 MB"
  download_made=$(mktemp -d "$cache/download.XXXXXX")
  unpack_geo "$download_made" || say "MISSING: geo data could not be fetched"
  rm -rf "$download_made"
  download_made=''
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$cache/bin"
# Two runs at once (two checkouts on one machine) must not unpack over each other.
exec 9>"$cache/lock"
if have flock; then
  flock -n 9 || { say "another set-up is running, waiting for it"; flock 9; }
fi
install_packages
setup_keycloak
setup_geo
build_pebble
build_buf
say "ready (cache: $cache)"
