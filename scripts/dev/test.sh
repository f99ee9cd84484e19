# ./dev test: every kind of test, with progress; each kind says what it ran and how long it took.
source scripts/dev/build.sh
source scripts/dev/fmt.sh
source scripts/dev/lint.sh

test_help() {
  cat <<'EOT'
Usage: ./dev test [KIND...]      (default: lint unit web clients browser kills)

  --lint       direction of includes, TypeScript strictness (formatting and clang-tidy: ./dev lint)
  --unit       C++ tests beside the code, with real sockets, the real log and the real engine
  --web        the UI's own unit tests
  --clients    real SDKs of five languages against the real server, compared attribute by attribute; every refusal
  --forward    a real Collector → Turnscope → a second one and Jaeger, TLS, a real S3 server, each recipe of docs/export.md
               (builds the Collector, Jaeger and the S3 server from Go modules, once)
  --faults     the long form of the fault tests, with a table of verdicts: 200 kill -9, each crash point 20 times … (two hours)
  --kills      their quick part: twenty kill -9 under load, SIGTERM, a full disk, each batch twice (some minutes)
  --browser    Chromium against the real server; takes the screenshots of docs/ui
  --sanitize   the C++ tests again under AddressSanitizer + UndefinedBehaviorSanitizer, then ThreadSanitizer
EOT
}

# The engine's tests run one at a time: each wants the machine.
run_unit() {
  ninja -C "$BUILD" -j "$JOBS" benches &&
    ctest --test-dir "$BUILD" --output-on-failure -j "$JOBS" -LE "faults|engine" &&
    ctest --test-dir "$BUILD" --output-on-failure -L engine
}
run_web() { (cd web && npm run --silent test); }
run_clients() { "${TURNSCOPE_PYTHON:-python3}" tests/clients/run.py --bin "$BUILD/turnscope"; }
run_forward() { tests/clients/forward/setup.sh && python3 tests/clients/forward/run.py --bin "$BUILD/turnscope"; }
run_faults() { ctest --test-dir "$BUILD" --output-on-failure -L faults_quick; }
run_faults_long() { TURNSCOPE_BUILD_DIR=$BUILD python3 tests/faults/run.py --long; }
run_browser() { (cd tests/e2e && TURNSCOPE_BIN=$BUILD/turnscope node run.mjs); }
run_lint() { lint_tidy && lint_shell && lint_web; }
run_sanitize() {
  local kind
  for kind in address thread; do
    cmd_build --sanitize "$kind" && TSAN_OPTIONS="suppressions=$ROOT/tests/tsan.supp" ctest --test-dir "build-$kind" --output-on-failure -j "$JOBS" -LE "engine|faults" || return 1
  done
}

cmd_test() {
  local kinds=() long=0
  while [ $# -gt 0 ]; do
    case "$1" in
      -h|--help) test_help; return ;;
      --lint|--unit|--web|--clients|--forward|--browser|--sanitize) kinds+=("${1#--}") ;;
      --faults) kinds+=(faults); long=1 ;;
      --kills) kinds+=(faults) ;;
      *) die "test: unknown option $1 (see ./dev test --help)" ;;
    esac
    shift
  done
  [ ${#kinds[@]} -gt 0 ] || kinds=(lint unit web clients browser faults)
  cmd_setup --test
  cmd_build
  local kind failed=() passed=0 began
  for kind in "${kinds[@]}"; do
    say "test: $kind"
    began=$SECONDS
    [ "$kind$long" = faults1 ] && kind=faults_long
    "run_$kind" && passed=$((passed + 1)) || failed+=("$kind")
    say "test: $kind took $((SECONDS - began)) s"
  done
  if [ ${#failed[@]} -gt 0 ]; then echo "✗ failed: ${failed[*]}" >&2; fi
  # The closing line counts kinds; each kind printed its own counts above.
  echo "$passed passed, ${#failed[@]} failed"
  [ ${#failed[@]} -eq 0 ]
}
