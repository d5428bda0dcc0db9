#!/usr/bin/env bash
# govulncheck, which needs its vulnerability data from the network. A finding fails; data that cannot be had is said and
# passed over, so that a machine without that access can still run everything else.
set -euo pipefail
cd "$(dirname "$0")/.."
output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
timeout 300 go tool -modfile=tools/go.mod govulncheck ./... >"$output" 2>&1 || status=$?
# 3 is govulncheck's word for "found something"; 1 without findings is trouble of its own.
if [ "$status" -ne 0 ] && [ "$status" -ne 3 ] &&
  grep -qiE 'fetching vulnerabilities|vulndb|dial tcp|no such host|connection refused|forbidden|timeout|proxyconnect' "$output"; then
  echo "govulncheck: SKIPPED: vulnerability data cannot be had"
  exit 0
fi
if [ "$status" -eq 124 ]; then
  echo "govulncheck: SKIPPED: vulnerability data cannot be had (no answer within 300 s)"
  exit 0
fi
cat "$output"
exit "$status"
