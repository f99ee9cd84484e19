# ./dev bench: the canonical workloads; figures as text or JSON.
source scripts/dev/build.sh

cmd_bench() {
  case "${1:-}" in
    ""|-h|--help)
      cat <<'EOT'
Usage: ./dev bench ingest|export|query|sdk|startup|normalise|pipeline|redact|conversation|ui|live|search [--json] [--spans N]

Each starts its own server in a fresh directory, prints what it measured with machine and date, and removes it.
The reference figures and how to read them: docs/performance.md.
EOT
      return ;;
  esac
  # Progress goes to standard error, so that --json is the only thing on standard output.
  cmd_build turnscope benches >&2
  case "$1" in
    ui) shift; (cd tests/e2e && TURNSCOPE_BIN=$BUILD/turnscope node bench.mjs "$@") ;;
    search) shift; (cd tests/e2e && TURNSCOPE_BIN=$BUILD/turnscope node search-bench.mjs "$@") ;;
    live) shift; (cd tests/e2e && TURNSCOPE_BIN=$BUILD/turnscope node live-bench.mjs "$@") ;;
    *) "$BUILD/turnscope_bench" "$@" --server-bin "$BUILD/turnscope" ;;
  esac
}
