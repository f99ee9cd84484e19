# ./dev build [--sanitize address|thread] [TARGET...]: the web UI, then every C++ target.
source scripts/dev/setup.sh

# The UI is rebuilt only when its sources changed.
build_web() {
  [ -f web/package.json ] || return 0
  local key
  key=$(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
  if ! fresh "$BUILD/.web" "$key" || [ ! -f web/dist/index.html ]; then
    say "building the web UI"
    (cd web && npm run --silent build)
    mkdir -p "$BUILD"
    echo "$key" >"$BUILD/.web"
  fi
}

configure() {
  local dir=$1
  shift
  [ -f "$dir/build.ninja" ] || { say "configuring $dir"; cmake -S . -B "$dir" -G Ninja "$@" >"$dir.configure.log" 2>&1 || { cat "$dir.configure.log"; die "cmake failed"; }; rm -f "$dir.configure.log"; }
}

cmd_build() {
  local sanitize="" targets=()
  while [ $# -gt 0 ]; do
    case "$1" in
      -h|--help) echo "Usage: ./dev build [--sanitize address|thread] [TARGET...]   builds build/turnscope (and everything else)"; return ;;
      --sanitize) sanitize=$2; shift ;;
      *) targets+=("$1") ;;
    esac
    shift
  done
  cmd_setup
  local dir=$BUILD
  if [ -n "$sanitize" ]; then
    dir=$ROOT/build-$sanitize
    configure "$dir" -DTURNSCOPE_SANITIZE="$sanitize"
  else
    build_web
    configure "$dir"
  fi
  say "building (${JOBS} jobs)"
  ninja -C "$dir" -j "$JOBS" "${targets[@]}"
}
