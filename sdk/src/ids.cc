#include "ids.h"

#include <pthread.h>
#include <sys/random.h>
#include <time.h>

#include <atomic>
#include <bit>
#include <cstring>

namespace turnscope::sdk::detail {
namespace {

std::atomic<std::uint32_t> process_epoch{1};
struct Random {
  std::uint64_t s[4];
  std::uint32_t epoch;  // 0: not seeded
};
constinit thread_local Random state{};

[[gnu::noinline]] void seed(std::uint32_t epoch) {
  [[maybe_unused]] static const int once =
      pthread_atfork(nullptr, nullptr, [] { process_epoch.fetch_add(1, std::memory_order_relaxed); });
  if (getrandom(state.s, sizeof state.s, 0) != static_cast<ssize_t>(sizeof state.s)) {
    timespec t;  // no kernel randomness: still different per time, thread and process
    clock_gettime(CLOCK_REALTIME, &t);
    state.s[0] = static_cast<std::uint64_t>(t.tv_nsec) ^ reinterpret_cast<std::uintptr_t>(&state);
    state.s[1] = static_cast<std::uint64_t>(t.tv_sec);
    state.s[2] = 0x9E3779B97F4A7C15u ^ epoch;
  }
  state.s[3] |= 1;  // never all zero
  state.epoch = epoch;
}

}  // namespace

std::uint64_t random_u64() {
  const std::uint32_t epoch = process_epoch.load(std::memory_order_relaxed);
  if (state.epoch != epoch) [[unlikely]]
    seed(epoch);
  auto& s = state.s;
  const std::uint64_t result = std::rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = std::rotl(s[3], 45);
  return result;
}

TraceId random_trace_id() {
  TraceId id;
  const std::uint64_t words[2] = {random_u64() | 1, random_u64()};
  std::memcpy(id.bytes.data(), words, 16);
  return id;
}

SpanId random_span_id() {
  SpanId id;
  std::uint64_t word;
  do word = random_u64();
  while (word == 0);
  std::memcpy(id.bytes.data(), &word, 8);
  return id;
}

double random_unit() { return static_cast<double>(random_u64() >> 11) * 0x1.0p-53; }

}  // namespace turnscope::sdk::detail
