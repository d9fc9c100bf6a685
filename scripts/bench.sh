#!/usr/bin/env bash
# Measure; the figures go to the terminal and to var/benchmarks.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .venv/bin/python -m benchmarks "$@"
