#!/usr/bin/env bash
# End programs under live calls, more often than `make test` does.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .venv/bin/python -m pytest tests/chaos "$@"
