# What the scripts beside this file share; they read it with ".".

export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1

say() { printf '\n== %s\n' "$*"; }

stop() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

# apt_install PACKAGE REASON: with sudo when not root, and only where there is apt-get.
apt_install() {
    command -v apt-get >/dev/null || stop "$2. Install '$1' or what your system calls it, then try again."
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || stop "$2. Ask somebody who may: apt-get install $1"
    say "$2: installing '$1' with apt-get"
    as_root apt-get update -qq >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1" >/dev/null
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# uv does not read pip's settings. Where this machine gets its packages from is its own affair and said once, to pip.
use_the_index_of_pip() {
    for setting in index-url extra-index-url; do
        case $setting in
            index-url) name=UV_DEFAULT_INDEX here=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-}} ;;
            extra-index-url) name=UV_INDEX here=${UV_INDEX:-${PIP_EXTRA_INDEX_URL:-}} ;;
        esac
        : "${here:=$(.tools/bin/python -m pip config get "global.$setting" 2>/dev/null || true)}"
        if [ -n "$here" ]; then export "$name=$here"; fi
    done
    if [ -z "${SSL_CERT_FILE:-}" ] && [ -n "${PIP_CERT:-}" ]; then export SSL_CERT_FILE="$PIP_CERT"; fi
}
