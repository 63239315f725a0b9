# shellcheck shell=sh
# Shared by the scripts: sourced, never run. POSIX sh.
set -eu
cd "$(dirname "$0")/.."

# Where cargo puts what it builds.
# shellcheck disable=SC2034 # used by those who source this
built=${CARGO_TARGET_DIR:-$PWD/target}

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# need PROGRAM PACKAGE: installs the Debian package that holds a program, when it is missing and we may.
need() {
    command -v "$1" >/dev/null 2>&1 && return 0
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        say "installing $2 for $1"
        apt-get install -y -qq "$2" >/dev/null 2>&1 ||
            { apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq "$2" >/dev/null 2>&1; } || true
    fi
    command -v "$1" >/dev/null 2>&1 || die "$1 is missing; install the package $2"
}

# python_peers: makes PEERS_PYTHON a Python with SciPy, choix and whalrus, whose rules ours are compared with.
python_peers() {
    PEERS_PYTHON=$PWD/target/aggregates/venv/bin/python
    export PEERS_PYTHON
    [ -f target/aggregates/venv/ready ] && return 0
    say "installing SciPy, choix and whalrus…"
    mkdir -p target/aggregates
    python3 -m venv target/aggregates/venv 2>/dev/null ||
        { need python3-venv python3-venv; python3 -m venv target/aggregates/venv; }
    target/aggregates/venv/bin/pip install --quiet --disable-pip-version-check -r scripts/oracle/requirements.txt
    touch target/aggregates/venv/ready
}
