#!/usr/bin/env bash
# Write requirements.lock: all extras, all hashes, no addresses. Versions already locked stay unless
# asked otherwise: scripts/lock.sh --upgrade, or --upgrade-package NAME.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=var/lock-tools
[ -x "$tools/bin/uv" ] || { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet uv; }
exec "$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --all-extras \
  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
  "$@" --output-file requirements.lock pyproject.toml
