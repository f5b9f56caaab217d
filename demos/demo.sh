#!/usr/bin/env bash
# The whole life of a stack on the embedded cloud, in a directory of its own: up, nothing to do, a change explained,
# instances joined, down, the empty sweep. Fails on the first thing that is not as it should be.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
directory=$(mktemp -d)
# stack.toml alone says what is done, and the embedded cloud has its usual speed
unset PROVISION_TARGET PROVISION_ROUND_TRIP
# without containers, which demo-app shows
export PROVISION_ENGINE=0

clean_up() {
  cd "$directory" && provision cloud stop >/dev/null 2>&1 || true
  cd / && rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

# expect CODE COMMAND...: run it, show its results, and keep them in $results. What is shown meanwhile goes to standard
# error.
expect() {
  local wanted=$1 code=0
  shift
  printf '$ %s\n' "$*"
  results=$("$@") || code=$?
  [ -z "$results" ] || printf '%s\n' "$results"
  [ "$code" = "$wanted" ] || fail "\`$*\` ended with exit code $code instead of $wanted"
}

# has TEXT...: the results must hold each of them; lacks TEXT...: none of them.
has() {
  local text
  for text in "$@"; do [[ $results == *"$text"* ]] || fail "the results do not say \"$text\""; done
}
lacks() {
  local text
  for text in "$@"; do [[ $results != *"$text"* ]] || fail "the results should not say \"$text\""; done
}

joined() {
  provision status --json | python -c '
import json, sys
print(len(json.load(sys.stdin)["live"]["instances"]))'
}

cp -R "$project/stack.toml" "$project/app" "$directory"
cd "$directory"
SECONDS=0

say "Create the whole stack of stack.toml"
expect 0 provision up --yes
has "up done" "created" "https://app.example.com"

say "Once more: no changes"
expect 0 provision up --yes
has "up done" "unchanged"
lacks " created" " changed" " deleted"

say "Container instances have joined the cluster"
for _ in $(seq 30); do
  [ "$(joined)" -gt 0 ] && break
  sleep 0.5
done
[ "$(joined)" -gt 0 ] || fail "no container instance joined within 15 s"
expect 0 provision status
has "frontend" "backend"

say "Change one value, and preview the change"
sed -i.before 's/^retention_days = 7$/retention_days = 14/' stack.toml
! cmp -s stack.toml stack.toml.before || fail "stack.toml has no line \"retention_days = 7\" to edit"
expect 2 provision plan
has "retention_in_days" "7" "14"
lacks "+ create" "- delete"

say "Delete everything, container instances included"
expect 0 provision down --yes
has "down done" "deleted" "No leftover resources of ecs-sample-dev found"
expect 0 provision state list
[ -z "$results" ] || fail "the state still holds something"

say "Stop the embedded cloud"
expect 0 provision cloud stop

say "Done, in $SECONDS s"
