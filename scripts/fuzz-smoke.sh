#!/usr/bin/env bash
# Runs every fuzz target of the tree for FUZZTIME each (20s by default), so that a property broken by a change shows within
# minutes: as many at once as there are processors, each with one worker. It finds the targets by itself; a new one needs no
# registration.
set -euo pipefail
cd "$(dirname "$0")/.."
export FUZZTIME=${FUZZTIME:-20s}

# The go command now and then calls it a failure that the time is over while its workers are still at it ("context deadline
# exceeded", without a failing input). That says nothing about the property: such a run is repeated, twice at most.
fuzz() {
  local dir=$1 target=$2 output try
  output=$(mktemp)
  trap 'rm -f "$output"' RETURN
  for try in 1 2 3; do
    if go test -run='^$' -fuzz="^$target\$" -fuzztime="$FUZZTIME" -parallel=1 "./$dir" >"$output" 2>&1; then
      echo "fuzz: $dir $target: $(grep -E 'elapsed' "$output" | tail -n 1 | sed 's/^fuzz: //')"
      return 0
    fi
    if grep -q 'Failing input' "$output" || ! grep -q 'context deadline exceeded' "$output"; then break; fi
    echo "fuzz: $dir $target: the time was over before its worker was; try $try"
  done
  echo "fuzz: $dir $target FAILED"
  cat "$output"
  return 255 # xargs starts no other
}
export -f fuzz

targets=$(git ls-files -co --exclude-standard '*_test.go' | xargs -r grep -oHE '^func Fuzz[A-Za-z0-9_]*' |
  sed -E 's|/[^/]*:func | |' | sort -u)
printf '%s\n' "$targets" | xargs -P "$(nproc)" -L 1 bash -c 'fuzz "$0" "$1"'
echo "fuzz: $(wc -l <<<"$targets") targets, $FUZZTIME each, no property broken"
