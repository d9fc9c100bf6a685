#!/usr/bin/env bash
# Run all groups of checks, also after one has failed; print each one's time; exit 1 when any failed.
#   scripts/test.sh         everything
#   scripts/test.sh lint    style, types and layers only
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
summary=()
failed=0

group() { # NAME COMMAND...
  local name=$1 began=$SECONDS verdict=passed
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  "$@" || { verdict="FAILED ($?)"; failed=1; }
  summary+=("$(printf '%-22s %-12s %4d s' "$name" "$verdict" $((SECONDS - began)))")
}

group "ruff check" "$bin/ruff" check .
group "ruff format" "$bin/ruff" format --check .
group "mypy" "$bin/mypy"
group "import-linter" "$bin/lint-imports"
if [ "${1:-}" != lint ]; then
  group "unit and wire" "$bin/python" -m pytest tests/unit tests/wire
  group "component" "$bin/python" -m pytest tests/component
  group "asterisk" "$bin/python" -m pytest tests/asterisk
fi

printf '\n== all groups, %d s\n' "$SECONDS"
printf '%s\n' "${summary[@]}"
exit "$failed"
