# ./dev fuzz: libFuzzer targets, built with clang under AddressSanitizer and UndefinedBehaviorSanitizer.
source scripts/dev/build.sh

cmd_fuzz() {
  local seconds=60 targets=()
  while [ $# -gt 0 ]; do
    case "$1" in
      -h|--help) echo "Usage: ./dev fuzz [--seconds N] [TARGET...]   each target for N seconds (60); corpora in tests/fuzz"; return ;;
      --seconds) seconds=$2; shift ;;
      *) targets+=("$1") ;;
    esac
    shift
  done
  cmd_setup --test
  local dir=$ROOT/build-fuzz
  CC=clang-16 CXX=clang++-16 configure "$dir" -DTURNSCOPE_FUZZ=ON
  if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(ninja -C "$dir" -t targets all | sed -nE 's/^(fuzz_[a-z_]+): phony$/\1/p' | sort -u)
  fi
  [ ${#targets[@]} -gt 0 ] || die "no fuzz targets are configured"
  ninja -C "$dir" -j "$JOBS" "${targets[@]}"
  local target binary failed=0
  for target in "${targets[@]}"; do
    binary=$(find "$dir" -name "$target" -type f -perm -u+x | head -1)
    mkdir -p "tests/fuzz/${target#fuzz_}" ".cache/fuzz/$target"
    say "fuzz: $target for $seconds s"
    "$binary" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 ".cache/fuzz/$target" "tests/fuzz/${target#fuzz_}" || failed=$((failed + 1))
  done
  echo "$((${#targets[@]} - failed)) passed, $failed failed"
  [ "$failed" = 0 ]
}
