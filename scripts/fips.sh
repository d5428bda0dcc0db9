#!/usr/bin/env bash
# The FIPS lane: under GODEBUG=fips140=only a forbidden algorithm panics. The packages below run all their tests that way, and
# every other package those whose name begins with TestFIPS (a whole login, a revocation, a WebSocket through the product).
# GODEBUG is set for the test binaries only, not for the go command.
set -euo pipefail
cd "$(dirname "$0")/.."
unit='^github.com/edgeauth/edgeauth/(identity|session|policy|revocation|audit|oidc|login|web|config)(/|$)'
packages=$(go list ./...)
run() { go test -count=1 -exec 'env GODEBUG=fips140=only' "$@"; }

echo "fips: all tests of the unit packages"
# shellcheck disable=SC2046 # a list of import paths
run $(grep -E "$unit" <<<"$packages")
echo "fips: TestFIPS… of all others"
# shellcheck disable=SC2046
run -run '^TestFIPS' $(grep -vE "$unit" <<<"$packages") | grep -v 'no test files\|no tests to run' || [ "${PIPESTATUS[0]}" -eq 0 ]
