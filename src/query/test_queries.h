// A test's own project in the real store (test_store.h), at a time that stands still, and what it asks of it.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "query/queries.h"
#include "query/test_store.h"

namespace turnscope::query::test {

inline constexpr std::int64_t kNow = 1'795'000'000 * kSecond;
inline constexpr std::int64_t kHour = 3'600 * kSecond;

/// The value of an answer, by value: nothing dangles.
template <typename R>
auto value(R answer) {
  if (!answer) {
    ADD_FAILURE() << answer.error().message;
    return typename R::value_type{};
  }
  return std::move(*answer);
}

class StoredQueries : public testing::Test {
 protected:
  StoredQueries() : queries_(Store::get().engine(), {}, clock_) {
    caller_.project = Store::get().fresh_project();
  }
  void insert(Batch& batch) { Store::get().insert(caller_.project, batch, kNow); }
  /// Of the last 24 hours.
  static SearchRequest search(std::string q, std::size_t limit = 50) {
    return {std::move(q), {kNow - 24 * kHour, kNow + kHour}, limit, {}};
  }
  /// All pages of them, newest first.
  std::vector<std::uint64_t> span_ids(const std::string& q, std::size_t limit = 500) {
    std::vector<std::uint64_t> out;
    auto request = search(q, limit);
    for (int page = 0; page < 10'000; ++page) {
      auto list = queries_.spans(caller_, request);
      if (!list) {
        ADD_FAILURE() << q << ": " << list.error().message;
        break;
      }
      for (const auto& s : list->spans) out.push_back(s.span.span_id);
      if (list->next_cursor.empty()) break;
      request.cursor = list->next_cursor;
    }
    return out;
  }

  FixedClock clock_{kNow};
  Queries queries_;
  Caller caller_;
};

}  // namespace turnscope::query::test
