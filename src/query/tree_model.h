// Small random traces for tests, and the plain definitions that the fast code is compared with.
#pragma once
#include <random>
#include <vector>

#include "query/trace_index.h"

namespace turnscope::query::test {

inline std::vector<IndexedSpan> random_trace(std::mt19937_64& random, std::size_t n, std::int64_t length) {
  std::vector<IndexedSpan> rows;
  for (std::size_t i = 0; i < n; ++i) {
    IndexedSpan s;
    s.span_id = i + 1;
    s.parent_span_id = i == 0 ? 0 : 1 + random() % i;
    if (random() % 11 == 0) s.parent_span_id = 1000 + random() % 3;  // not in the trace
    if (random() % 13 == 0) s.parent_span_id = 1 + random() % n;     // may lead in a circle
    s.start = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(length));
    s.duration = random() % static_cast<std::uint64_t>(length);
    s.kind = static_cast<std::uint8_t>(random() % 8);
    s.is_error = random() % 4 == 0;
    s.plumbing = s.kind == 0 && random() % 2 == 0;
    s.version = i;
    if (random() % 2 == 0) {
      s.usage_role = static_cast<std::uint8_t>(random() % 4);
      s.usage.known = 9;
      s.usage.tokens[TokenCounts::input] = random() % 100;
      s.usage.tokens[TokenCounts::output] = random() % 100;
    }
    rows.push_back(s);
  }
  std::shuffle(rows.begin(), rows.end(), random);
  return rows;
}

}  // namespace turnscope::query::test
