# ./dev lint [--quick]: what must hold besides compiling.
source scripts/dev/build.sh
source scripts/dev/fmt.sh

lint_tidy() { python3 tests/tidy/tidy.py; }
lint_format() { cmd_fmt --check; }
lint_shell() { local f; for f in dev scripts/dev/*.sh .ci/run; do bash -n "$f" || return 1; done; }
lint_web() { (cd web && npm run --silent typecheck && npm run --silent lint); }

# clang-tidy reads the build's compile commands, with two changes, see clang_tidy.py.
lint_clang_tidy() {
  configure "$BUILD" && python3 scripts/dev/clang_tidy.py "$BUILD" "$@"
}

cmd_lint() {
  local quick=0
  case "${1:-}" in
    -h|--help) echo "Usage: ./dev lint [--quick]   --quick leaves out clang-tidy (minutes)"; return ;;
    --quick) quick=1 ;;
  esac
  cmd_setup --test
  local failed=0 name
  for name in tidy shell format web; do
    say "lint: $name"
    "lint_$name" || { echo "✗ lint $name failed" >&2; failed=1; }
  done
  if [ "$quick" = 0 ]; then
    say "lint: clang-tidy"
    lint_clang_tidy || { echo "✗ lint clang-tidy failed" >&2; failed=1; }
  fi
  [ "$failed" = 0 ] && say "lint is clean"
  return "$failed"
}
