#!/usr/bin/env bash
# The FIPS lane: under GODEBUG=fips140=only a forbidden algorithm panics. The unit packages below run all their tests that
# way, every other package those whose name has FIPS in it (a whole login, a revocation, a WebSocket through the
# product). GODEBUG is set for the test binaries only, not for the go command.
#
# Tests in virtual time are left out: Go's FIPS random source measures the jitter of real time, finds none where
# testing/synctest has stopped the clock, and panics with "failed to obtain initial entropy". They are counted.
set -euo pipefail
cd "$(dirname "$0")/.."
unit='^github.com/edgeauth/edgeauth/(identity|session|policy|admission|history|risk|geo|revocation|audit|webhook|oidc|login|web|config|admin)(/|$)'

# in_virtual_time prints the names of the tests that call synctest.Test, as an alternation.
in_virtual_time() {
  git ls-files -co --exclude-standard '*_test.go' | xargs -r awk '
    /^func Test/ { name = $2; sub(/\(.*/, "", name) }
    /synctest\.Test\(/ { print name }' | sort -u | paste -sd '|'
}

run() { go test -count=1 -exec 'env GODEBUG=fips140=only' -skip "^(${virtual:-none})\$" "$@"; }

virtual=$(in_virtual_time)
packages=$(go list ./...)
mapfile -t units < <(grep -E "$unit" <<<"$packages")
mapfile -t others < <(grep -vE "$unit" <<<"$packages")
printf 'fips: all tests of %d unit packages, without %d in virtual time\n' \
  "${#units[@]}" "$(tr '|' '\n' <<<"$virtual" | grep -c . || true)"
run "${units[@]}"
printf 'fips: tests named after FIPS, of %d other packages\n' "${#others[@]}"
run -run FIPS "${others[@]}" | { grep -vE 'no test files|no tests to run' || true; }
