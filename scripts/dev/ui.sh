# ./dev ui [SERVER]: Vite with live reload; API calls go to a running server (default: the demo's address).
source scripts/dev/build.sh

cmd_ui() {
  case "${1:-}" in -h|--help) echo "Usage: ./dev ui [http://127.0.0.1:16686]   live-reloading UI against a running server"; return ;; esac
  cmd_setup
  cd web && TURNSCOPE_SERVER=${1:-http://127.0.0.1:16686} exec npm run dev
}
