#!/usr/bin/env bash
# Gets what the tests need and a machine with only Go, make and apt lacks: a C compiler, redis-server, Chromium, Java, Keycloak,
# Pebble.
# It may be run again at any time and is quick when nothing is missing. What cannot be had is named and is no error here:
# the tests that need it are skipped by name, or fail where EDGEAUTH_REQUIRE_ALL=1.
# EDGEAUTH_CACHE says where fetched things live (default: edgeauth below the user's cache directory).
set -euo pipefail
cd "$(dirname "$0")/.."

keycloak_version=26.7.5
cache=${EDGEAUTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/edgeauth}
keycloak=$cache/keycloak-$keycloak_version

say() { printf 'setup: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
have_chromium() { have chromium || have chromium-browser || have google-chrome || have google-chrome-stable; }

# Debian starts a service as soon as its package is installed. While this file answers 101 it does not, so that the
# machine's port 6379 stays as it was; a Redis that was there before is not touched.
without_services() {
  local policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then "$@"; return; fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  local status=0
  "$@" || status=$?
  rm -f "$policy"
  return "$status"
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_packages() {
  local wanted=()
  have gcc || wanted+=(gcc libc6-dev) # the race detector links with it
  have redis-server || wanted+=(redis-server)
  have_chromium || wanted+=(chromium)
  if [ ! -e "$keycloak/edgeauth-ready" ]; then
    have unzip || wanted+=(unzip)
    have mvn || wanted+=(maven)
  fi
  have java || wanted+=(openjdk-17-jre-headless)
  if [ ${#wanted[@]} -eq 0 ]; then return; fi
  if ! have apt-get || [ "$(id -u)" -ne 0 ]; then
    say "MISSING: ${wanted[*]}; install them yourself, or run this as root on Debian"
    return
  fi
  say "installing Debian packages: ${wanted[*]}"
  without_services apt_install "${wanted[@]}" || say "MISSING: apt-get could not install all of: ${wanted[*]}"
}

fetch_keycloak() {
  say "fetching Keycloak $keycloak_version by Maven (170 MB)"
  local download status=0
  download=$(mktemp -d "$cache/download.XXXXXX")
  unpack_keycloak "$download" || status=$?
  rm -rf "$download"
  return "$status"
}

unpack_keycloak() {
  mvn -q -B -Dstyle.color=never dependency:copy \
    "-Dartifact=org.keycloak:keycloak-quarkus-dist:$keycloak_version:zip" "-DoutputDirectory=$1" &&
    unzip -q "$1/keycloak-quarkus-dist-$keycloak_version.zip" -d "$1" &&
    rm -rf "$keycloak" &&
    mv "$1/keycloak-$keycloak_version" "$keycloak"
}

# The first start of an unpacked Keycloak compiles its own configuration and creates its database schema. Both are done
# here once; an instance of the tests shares the first and copies the second (see internal/keycloak).
warm_keycloak() {
  say "starting Keycloak once, so that it builds itself (about 40 s)"
  local log=$keycloak/first-start.log
  KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=admin setsid "$keycloak/bin/kc.sh" start-dev \
    --http-host=127.0.0.1 --http-port=0 --http-management-port=0 >"$log" 2>&1 &
  local pid=$! waited
  for waited in $(seq 180); do
    if grep -q 'Listening on:' "$log"; then break; fi
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 1
  done
  kill -TERM -- "-$pid" 2>/dev/null || true
  wait "$pid" || true
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
  if [ ! -x "$keycloak/bin/kc.sh" ]; then
    if ! have mvn || ! have unzip; then say "MISSING: fetching Keycloak needs mvn and unzip"; return; fi
    if ! fetch_keycloak; then say "MISSING: Keycloak could not be fetched"; return; fi
  fi
  warm_keycloak || say "MISSING: Keycloak was fetched but does not start"
}

build_pebble() {
  go -C tools build -o "$cache/bin/" github.com/letsencrypt/pebble/v2/cmd/pebble ||
    say "MISSING: Pebble could not be built"
}

mkdir -p "$cache/bin"
# Two runs at once (two checkouts on one machine) must not unpack over each other.
exec 9>"$cache/lock"
if have flock; then flock 9; fi
install_packages
setup_keycloak
build_pebble
say "ready (cache: $cache)"
