// SQL is put together from compile-time fragments and bound parameters, nothing else: a Fragment can only be
// made from a string literal, so text from outside cannot become SQL (it can only become the value of a
// parameter).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "otlp/model.h"
#include "store/engine.h"

namespace turnscope::query {

class Fragment {
 public:
  template <std::size_t N>
  consteval Fragment(const char (&literal)[N]) : text_(literal, N - 1) {}  // NOLINT: meant to be implicit
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// Counts of rows: as they are, or each with its weight (spans.weight, thousandths).
constexpr Fragment count_rows(bool weighted) {
  return weighted ? Fragment("toUInt64(intDiv(sum(weight) + 500, 1000))") : Fragment("count()");
}
/// Traces: each once, as they are or with its weight.
constexpr Fragment count_traces(bool weighted) {
  return weighted
             ? Fragment(
                   "toUInt64(intDiv(arraySum(t -> t.2, groupUniqArray((trace_id, weight))) + 500, 1000))")
             : Fragment("uniqExact(trace_id)");
}
constexpr Fragment count_failed_traces(bool weighted) {
  return weighted ? Fragment(
                        "toUInt64(intDiv(arraySum(t -> t.2, groupUniqArrayIf((trace_id, weight), is_error = "
                        "1)) + 500, 1000))")
                  : Fragment("uniqExactIf(trace_id, is_error = 1)");
}
constexpr Fragment count_errors(bool weighted) {
  return weighted ? Fragment("toUInt64(intDiv(sumIf(weight, is_error = 1) + 500, 1000))")
                  : Fragment("countIf(is_error = 1)");
}

/// A statement under construction. `text()` holds only fragments and {pN:Type}; values stand in `params()`.
class Sql {
 public:
  Sql() = default;
  explicit Sql(Fragment f) : text_(f.text()) {}

  Sql& operator<<(Fragment f) {
    text_ += f.text();
    return *this;
  }
  /// Appends another statement's text and parameters (which must have been made with the same counter).
  Sql& append(const Sql& other);

  Sql& str(std::string_view value);  ///< {pN:String}
  Sql& u64(std::uint64_t value);     ///< {pN:UInt64}
  Sql& u32(std::uint32_t value);
  Sql& i64(std::int64_t value);
  Sql& f64(double value);               ///< finite values only; others become 0
  Sql& time(std::int64_t unix_nano);    ///< DateTime64(9, 'UTC') constant
  Sql& trace(const otlp::TraceId& id);  ///< FixedString(16)
  Sql& u64s(const std::vector<std::uint64_t>& values);
  Sql& strs(const std::vector<std::string>& values);
  Sql& traces(const std::vector<otlp::TraceId>& ids);

  const std::string& text() const { return text_; }
  const store::Params& params() const { return params_; }
  /// Where the names of parameters start counting: give each part of one statement its own range.
  void start_names_at(std::size_t n) { next_ = n; }
  std::size_t next_name() const { return next_; }

 private:
  template <typename T>
  Sql& bind(Fragment type, T&& value);
  std::string text_;
  store::Params params_;
  std::size_t next_ = 0;
};

/// The text of an attribute of spans or points, whatever its type; empty when there is none.
void attribute_text(Sql& sql, std::string_view key);

}  // namespace turnscope::query
