// Detectors that begin at a literal: provider keys, JSON web tokens, PEM keys, and values that a word before
// them gives away ("password=", "Authorization: Bearer", "https://user:pass@host").
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/class_scan.h"
#include "pipeline/finding.h"

namespace turnscope::pipeline {

class Secrets {
 public:
  /// `more`: literals of others that the one pass looks for as well.
  explicit Secrets(std::span<const std::string_view> more = {});
  const LiteralFilter& filter() const { return filter_; }
  /// A quick look at a candidate: false for nearly all that the filter lets pass by accident.
  bool possible(std::string_view text, std::size_t i) const {
    return i + 3 <= text.size() && slots_[slot(text.data() + i)] != 0;
  }
  /// `i`: a candidate of the filter. False: nothing begins here.
  bool find(std::string_view text, std::size_t i, std::string_view key, DetectorSet wanted,
            Finding& out) const;

 private:
  enum class Kind : std::uint8_t { api_key, jwt, private_key, credential, bearer, basic, url, percent_at };
  struct Literal {
    std::string_view text;  ///< folded when `fold`
    Kind kind;
    bool fold;
    std::uint8_t shape;  ///< of secrets.def
    std::uint16_t next;  ///< further literal of the same slot, plus one
  };
  static constexpr std::size_t kSlots = 4096;
  /// Of the first three bytes, letters folded.
  static std::size_t slot(const char* p) {
    const auto byte = [&](int k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(p[k])); };
    return (((byte(0) | byte(1) << 8 | byte(2) << 16) | 0x202020u) * 0x9E3779B1u) >> 20;
  }
  std::vector<Literal> literals_;
  std::array<std::uint16_t, kSlots> slots_{};
  LiteralFilter filter_;
};

/// Names under which values are secret whatever they look like: "password", "x-api-key",
/// "http.request.header.cookie".
bool secret_name(std::string_view name);
/// Names that hold a secret when the value looks like one: "token", "key".
bool maybe_secret_name(std::string_view name);
/// Long, without spaces, letters and digits: a token rather than a word.
bool looks_random(std::string_view value);
}  // namespace turnscope::pipeline
