#!/usr/bin/env bash
# Install what is missing on a Debian machine, and nothing that is there.
#   scripts/setup.sh          what running Sternik needs
#   scripts/setup.sh test     and what its tests need (PostgreSQL, a Korean voice)
# Touched are this checkout (.venv, var), Debian's package manager and the user's cache folder.
set -euo pipefail
cd "$(dirname "$0")/.."
# Debian's own, whatever else PATH finds first.
python=/usr/bin/python3
for_tests=${1:-}
log=var/log/setup.log
stamp=.venv/sternik-installed
unfinished=.venv/sternik-unfinished

# --- what is told ------------------------------------------------------------------------------
step() { printf '[%d/3] %s\n' "$1" "$2"; }
done_in() { printf '      done, %d s since the start\n' "$SECONDS"; }

fail() { # PROBLEM ADVICE
  printf '\nSet-up failed: %s\n' "$1" >&2
  printf '%s\n' "$2" >&2
  exit 1
}

quietly() { # COMMAND...: its output goes to the log; the log's end is shown when it fails
  mkdir -p "$(dirname "$log")"
  printf '\n$ %s\n' "$*" >>"$log"
  "$@" >>"$log" 2>&1 </dev/null && return
  printf '\n' >&2
  tail -n 12 "$log" >&2
  return 1
}

# --- 1: Debian packages ------------------------------------------------------------------------
has_package() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

has_asterisk() { # 22 or newer
  local version
  version=$(PATH=$PATH:/usr/sbin asterisk -V 2>/dev/null) || return 1
  [[ $version =~ ^Asterisk\ (certified[/-]|GIT-)?([0-9]+) ]] && [ "${BASH_REMATCH[2]}" -ge 22 ]
}

missing_packages() {
  local wanted=(python3 python3-venv flite) package
  has_asterisk || wanted+=(mmdebstrap)
  [ "$for_tests" != test ] || wanted+=(postgresql espeak-ng)
  for package in "${wanted[@]}"; do
    has_package "$package" || printf '%s ' "$package"
  done
}

install_packages() {
  local -a missing
  read -ra missing <<<"$(missing_packages)"
  [ "${#missing[@]}" -gt 0 ] || return 0
  step 1 "Debian packages: installing ${missing[*]}"
  [ "$(id -u)" = 0 ] || fail "these Debian packages are missing: ${missing[*]}" \
    "As root, run:  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  # A database server that the tests' own set-up does not use must not be started by its package:
  # systemctl honours the first variable, machines without systemd the second.
  local apt=(env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 RUNLEVEL=1 apt-get -q -y)
  local advice="Check the network and the disk, then run the command again. Everything is in $log."
  quietly "${apt[@]}" update || fail "apt-get update did not work" "$advice"
  quietly "${apt[@]}" install --no-install-recommends "${missing[@]}" ||
    fail "apt-get could not install ${missing[*]}" "$advice"
  done_in
}

# --- 2: Python packages ------------------------------------------------------------------------
fingerprint() { # of all that decides what the environment holds
  { "$python" --version && pwd && cat requirements.lock pyproject.toml; } | sha256sum
}

from_lock() { # NAME: its lines
  awk -v start="$1==" '/^[a-z]/ {taken = index($0, start) == 1} taken' requirements.lock
}

install_locked() {
  local pip=(.venv/bin/pip --disable-pip-version-check --quiet) uv=(.venv/bin/uv --quiet --no-progress)
  # uv is ten times as fast, but does not know of an index that pip is told of.
  if ! "${pip[@]}" config list | grep -q index-url; then
    from_lock uv >"$unfinished"
    quietly "${pip[@]}" install --require-hashes --no-deps -r "$unfinished" &&
      quietly "${uv[@]}" pip install --python .venv/bin/python --require-hashes --no-deps -r requirements.lock &&
      quietly "${uv[@]}" pip install --python .venv/bin/python --no-deps --no-build-isolation -e . &&
      return
    printf '      uv could not; pip tries\n'
  fi
  quietly "${pip[@]}" install --require-hashes --no-deps -r requirements.lock &&
    quietly "${pip[@]}" install --no-deps --no-build-isolation -e .
}

install_python_packages() {
  [ ! -e "$unfinished" ] && [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ] &&
    return 0
  step 2 "Python packages: installing $(grep -c '^[a-z].*==' requirements.lock) into .venv"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old; 3.11 or newer is needed" "Install a newer python3."
  local clear=()
  # What a killed run left is not mended but made anew.
  { [ -e "$unfinished" ] || ! .venv/bin/python -c '' 2>/dev/null; } && clear=(--clear)
  quietly "$python" -m venv "${clear[@]}" .venv ||
    fail "Python's environment can't be made" "Check the disk. Everything is in $log."
  touch "$unfinished"
  install_locked || fail "the packages of requirements.lock can't be installed" \
    "Check the network, the proxy and the disk, then run the command again. Everything is in $log."
  fingerprint >"$stamp"
  rm "$unfinished"
  done_in
}

# --- 3: Asterisk, prompts, steering model ------------------------------------------------------
prepare() {
  step 3 "Asterisk, prompts and steering model"
  .venv/bin/sternik prepare || fail "Sternik could not prepare itself (above)" \
    "Mend what is said above, then run the command again."
}

command -v dpkg-query >/dev/null || fail "this is not a Debian machine" \
  "Install python3 (3.11 or newer), flite and Asterisk 22 or newer, and follow the steps of $0."
install_packages
install_python_packages
prepare
printf 'Set up: %d s\n' "$SECONDS"
