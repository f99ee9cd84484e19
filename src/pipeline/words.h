// Street addresses, and the user's lists of names and streets.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "pipeline/finding.h"

namespace turnscope::pipeline {

/// Phrases of whole words, compared without case (ASCII and Latin letters).
class PhraseList {
 public:
  /// One phrase a line; empty lines and those that begin with '#' are passed over. Errors name the line.
  static Result<PhraseList> parse(std::string_view text);
  bool empty() const { return phrases_.empty(); }
  std::size_t size() const { return phrases_.size(); }
  /// The longest phrase whose first word begins at `i`; its end, or 0.
  std::size_t find_at(std::string_view text, std::size_t i) const;
  /// False for nearly all words that begin no phrase: one look at their first three bytes and their length
  /// (0: not known).
  bool possible(std::string_view text, std::size_t i, unsigned length) const {
    if (i + 3 > text.size()) return true;
    const std::uint32_t lengths = lengths_[start(text.data() + i)];
    return length == 0 ? lengths != 0 : lengths >> std::min(length, 31u) & 1;
  }

 private:
  static constexpr std::size_t kBits = 1u << 16, kStarts = 1u << 12;
  static std::size_t start(const char* p) {
    const auto byte = [&](int k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(p[k])); };
    return (((byte(0) | byte(1) << 8 | byte(2) << 16) | 0x202020u) * 0x9E3779B1u) >> 20;
  }
  std::vector<std::uint32_t>
      lengths_;  ///< by the first three bytes, 0x20 set in each: lengths of first words
  std::vector<std::vector<std::string>> phrases_;  ///< folded words
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_first_word_;
  std::vector<std::uint64_t> bits_;  ///< of the first words' hashes: nearly all words of a text end here
};

/// A street address around the house number whose first digit is `i`: "12 Baker Street", "Hauptstraße 5", "12
/// rue de la Paix", "Calle Mayor 3".
bool find_street(std::string_view text, std::size_t i, Finding& out);

}  // namespace turnscope::pipeline
