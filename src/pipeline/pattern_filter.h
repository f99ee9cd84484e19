// Which of the user's patterns can match a text at all: literals that every match of a pattern holds are
// looked for in the one pass over the text, and only patterns whose literals were seen are run.
#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/characters.h"

namespace turnscope::pipeline {

inline constexpr std::size_t kMostPatterns = 256;
using PatternSet = std::bitset<kMostPatterns>;

class PatternFilter {
 public:
  /// Patterns in their order; each is valid.
  void add(std::string_view regex);
  /// What the pass has to look for.
  std::vector<std::string_view> literals() const;
  /// Patterns that have to be run on every text: they need no literal of three bytes.
  const PatternSet& always() const { return always_; }
  bool empty() const { return atoms_.empty(); }

  /// Adds the patterns with a literal at `i`.
  void look(std::string_view text, std::size_t i, PatternSet& out) const {
    if (i + 3 > text.size() || !(slots_[slot(text.data() + i)])) return;
    for (const Atom& a : atoms_)
      if (equal_folded(text.substr(i, a.text.size()), a.text)) out.set(a.pattern);
  }

 private:
  static constexpr std::size_t kLeast = 3, kMostAtoms = 64;
  static std::size_t slot(const char* p) {
    const auto byte = [&](int k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(p[k])); };
    return (((byte(0) | byte(1) << 8 | byte(2) << 16) | 0x202020u) * 0x9E3779B1u) >> 20;
  }
  struct Atom {
    std::string text;  ///< lower case
    std::size_t pattern;
  };
  std::vector<Atom> atoms_;
  PatternSet always_;
  std::bitset<4096> slots_;
  std::size_t patterns_ = 0;
};

}  // namespace turnscope::pipeline
