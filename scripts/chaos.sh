#!/usr/bin/env bash
# End programs under live calls, more often than `make test` does.
set -euo pipefail
cd "$(dirname "$0")/.."
STERNIK_CHAOS=1 exec .venv/bin/python -m pytest tests/chaos "$@"
