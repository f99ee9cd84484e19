# ./dev demo [--once]: build, then hand over to `turnscope demo`.
source scripts/dev/build.sh

cmd_demo() {
  case "${1:-}" in -h|--help) echo "Usage: ./dev demo [--once] [--data DIR]   see also: build/turnscope demo --help"; return ;; esac
  cmd_build turnscope
  say "starting the demo"
  exec "$BUILD/turnscope" demo "$@"
}
