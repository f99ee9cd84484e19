// How numbers and text look in a terminal: units, colours only when it is one, nothing that could drive it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace turnscope::cli {

enum class Style { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

class Terminal {
 public:
  /// Colours when standard output is a terminal and NO_COLOR is not set.
  static Terminal detect();
  explicit Terminal(bool colours, int columns = 120) : colours_(colours), columns_(columns) {}
  std::string styled(Style, std::string_view text) const;
  int columns() const { return columns_; }

 private:
  bool colours_;
  int columns_;
};

/// "26.41 s", "590 ms", "12 µs", "4 min 05 s".
std::string format_nanos(std::uint64_t nanos);
/// "$0.1834", "<$0.0001", "$12.40".
std::string format_money(std::int64_t nano_usd);
/// "948", "41.1 K", "2.3 M".
std::string format_count(std::uint64_t n);
/// Columns that UTF-8 text takes: wide East Asian characters count as two, combining ones as none.
int display_width(std::string_view utf8);
/// Cut on a character boundary to at most `columns`, with "…" where something was cut.
std::string fit(std::string_view utf8, int columns);
/// `fit`, then blanks up to `columns`.
std::string pad(std::string_view utf8, int columns);
std::string pad_left(std::string_view utf8, int columns);
/// "14:07:31" in local time, with the date in front when it is not today's.
std::string format_clock(std::int64_t unix_nanos);

}  // namespace turnscope::cli
