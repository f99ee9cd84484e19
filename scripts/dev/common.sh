# Shared by the commands of ./dev: progress lines, and where tools are.

say() { printf '\033[1m▸ %s\033[0m\n' "$*" >&2; }
die() { printf '✗ %s\n' "$*" >&2; exit 1; }

# Tools that setup put into .deps come first, so that a machine's older ones are not picked up by accident.
use_deps() {
  [ -x "$DEPS/venv/bin/python3" ] && export TURNSCOPE_PYTHON=$DEPS/venv/bin/python3
  if [ -d "$DEPS/tools/bin" ]; then export PATH=$DEPS/tools/bin:$PATH; fi
}
use_deps

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    die "installing packages needs root or sudo; run as root: $*"
  fi
}

# True when the stamp is as new as what it was made from (files given) and the same arguments.
fresh() {
  local stamp=$1 key=$2
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]
}
