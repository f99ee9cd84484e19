#include "pipeline/class_scan.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace turnscope::pipeline {
namespace {

constexpr std::string_view kLiterals[] = {"sk-", "eyJ", "BEGIN ", "password", "://", "%40", "1//0", "AKIA"};

std::vector<ClassMasks> scan(void (*f)(std::string_view, const LiteralFilter&, ClassMasks*),
                             std::string_view text) {
  const LiteralFilter filter(kLiterals);
  std::vector<ClassMasks> masks(text.size() / 64 + 1);
  // A copy of exactly this size: a read past the end shows under AddressSanitizer.
  const std::vector<char> exact(text.begin(), text.end());
  f({exact.data(), exact.size()}, filter, masks.data());
  return masks;
}

TEST(ClassScan, vectors_and_plain_code_see_the_same) {
  std::mt19937_64 random(7);
  const std::string_view alphabet = "0159@:/-_ .abekysKAIBEGN%4\"\\\xC3\xA9";
  for (int round = 0; round < 2'000; ++round) {
    std::string text(random() % 300, ' ');
    for (char& c : text) c = round % 2 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
    const auto a = scan(class_scan, text), b = scan(class_scan_portable, text);
    for (std::size_t k = 0; k < (text.size() + 63) / 64; ++k) {
      EXPECT_EQ(a[k].digit, b[k].digit) << text;
      EXPECT_EQ(a[k].at, b[k].at) << text;
      EXPECT_EQ(a[k].colon, b[k].colon) << text;
      EXPECT_EQ(a[k].literal, b[k].literal) << text;
      EXPECT_EQ(a[k].word, b[k].word) << text;
      EXPECT_EQ(a[k].high, b[k].high) << text;
    }
  }
}

TEST(ClassScan, every_literal_is_a_candidate_wherever_it_stands) {
  for (const std::string_view literal : kLiterals)
    for (std::size_t place = 0; place < 140; ++place) {
      std::string text(place, 'z');
      text += literal;
      for (const std::string& t : {text, text + "zzz"}) {
        const auto masks = scan(class_scan, t);
        EXPECT_TRUE(masks[place / 64].literal >> (place % 64) & 1) << literal << " at " << place;
      }
    }
}

TEST(ClassScan, letters_match_in_both_cases) {
  const auto masks = scan(class_scan, "PASSWORD");
  EXPECT_TRUE(masks[0].literal & 1);
}

}  // namespace
}  // namespace turnscope::pipeline
