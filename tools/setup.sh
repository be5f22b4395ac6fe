#!/usr/bin/env bash
# Installs what Gridmill needs to be built and tested on Debian 12. Each step does nothing when its
# list has not changed, so that a second call takes well under a second.
#
#   tools/setup.sh              all of the steps below
#   tools/setup.sh packages     Debian packages (packages.txt)
#   tools/setup.sh python       the tests' Python peers into .venv (requirements-test.txt), and
#                               zarr-python 2 into .venv-zarr2 (requirements-zarr2.txt)
#   tools/setup.sh web          the reports' chart library into web/node_modules
set -euo pipefail
cd "$(dirname "$0")/.."

# apt has one lock for the whole machine; another program may hold it for a minute.
apt_get() {
  local try
  for try in $(seq 60); do
    DEBIAN_FRONTEND=noninteractive \
      apt-get -qq -o DPkg::Lock::Timeout=300 "$@" 2>.setup-apt.log && break
    if [ "$try" = 60 ] || ! grep -q 'Could not get lock' .setup-apt.log; then
      cat .setup-apt.log >&2
      echo "setup: apt-get $1 failed" >&2
      return 1
    fi
    sleep 5
  done
}

installed() {
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p'
}

packages() {
  local wanted missing
  wanted=$(sed 's/#.*//' packages.txt)
  if command -v node >/dev/null && command -v npm >/dev/null; then
    wanted=$(grep -vxE 'nodejs|npm' <<<"$wanted")
  fi
  # What is wanted and not among the installed; a package that dpkg has never heard of counts too.
  missing=$(comm -23 <(tr -s ' \n' '\n' <<<"$wanted" | sed '/^$/d' | sort) <(installed | sort -u))
  [ -z "$missing" ] && return
  echo "setup: installing Debian packages:" $missing
  if [ "$(id -u)" != 0 ]; then
    echo "setup: this needs root; run: sudo apt-get install" $missing >&2
    return 1
  fi
  trap 'rm -f .setup-apt.log' EXIT
  apt_get update
  apt_get install --yes --no-install-recommends $missing >/dev/null
}

# Prints what a step's result depends on: the step is done when its stamp holds the same.
fingerprint() { cat "$@" | sha256sum | cut -d' ' -f1; }

# environment FOLDER REQUIREMENTS: what the file lists, in a virtual environment.
environment() {
  local python=/usr/bin/python3 stamp=$1/requirements.stamp want
  [ -x $python ] || python=python3
  want="$(fingerprint "$2") $($python --version)"
  [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
  echo "setup: installing the tests' Python peers into $1"
  rm -rf "$1"
  $python -m venv "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
  echo "$want" >"$stamp"
}

python() {
  environment .venv requirements-test.txt
  environment .venv-zarr2 requirements-zarr2.txt
}

web() {
  local stamp=web/node_modules/package-lock.stamp want
  want=$(fingerprint web/package.json web/package-lock.json)
  [ "$(cat $stamp 2>/dev/null)" = "$want" ] && return
  echo "setup: installing the reports' chart library into web/node_modules"
  (cd web && npm ci --silent --no-audit --no-fund --ignore-scripts)
  echo "$want" >$stamp
}

# Two calls in one checkout take turns. The lock is on this very file: nothing is left behind.
exec 9<"$0"
flock 9

case "${1:-all}" in
  all) packages; python; web ;;
  packages | python | web) "$1" ;;
  *) echo "usage: tools/setup.sh [packages|python|web]" >&2; exit 2 ;;
esac
