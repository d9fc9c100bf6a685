#!/usr/bin/env bash
# Write requirements.lock: all extras, all hashes, no addresses. Versions already locked stay unless
# asked otherwise: scripts/lock.sh --upgrade, or --upgrade-package NAME.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras \
  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
  "$@" --output-file requirements.lock pyproject.toml
