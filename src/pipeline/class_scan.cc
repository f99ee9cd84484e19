#include "pipeline/class_scan.h"

#include <array>
#include <cstring>

#include "pipeline/characters.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace turnscope::pipeline {
namespace {

constexpr std::size_t kBlock = 64, kAhead = LiteralFilter::kPlaces - 1;

void portable_block(const unsigned char* p, std::size_t readable, const LiteralFilter& f, ClassMasks& m) {
  m = {};
  const std::size_t n = readable < kBlock ? readable : kBlock;
  for (std::size_t i = 0; i < n; ++i) {
    const unsigned char c = p[i];
    const std::uint64_t here = 1ull << i;
    if (is_digit(static_cast<char>(c))) m.digit |= here;
    if (c == '@') m.at |= here;
    if (c == ':') m.colon |= here;
    if (is_alnum(static_cast<char>(c)) || c >= 0x80) m.word |= here;
    if (c >= 0x80) m.high |= here;
    unsigned groups = 0;
    for (std::size_t set = 0; set < LiteralFilter::kSets; ++set) {
      unsigned left = 0xFF;
      for (std::size_t k = 0; k < LiteralFilter::kPlaces && left; ++k) {
        const unsigned char d = i + k < readable ? p[i + k] : 0;
        left &= f.low[set][k][d & 15] & f.high[set][k][d >> 4];
      }
      groups |= left;
    }
    if (groups) m.literal |= here;
  }
}

#if defined(__x86_64__)
struct Tables {
  __m256i low[LiteralFilter::kSets][LiteralFilter::kPlaces],
      high[LiteralFilter::kSets][LiteralFilter::kPlaces];
};

__attribute__((target("avx2"))) inline std::uint64_t half(__m256i v) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(v));
}

struct Halves {
  __m256i low, high;
};
__attribute__((target("avx2"))) inline Halves halves_of(__m256i v) {
  const __m256i nibble = _mm256_set1_epi8(15);
  return {_mm256_and_si256(v, nibble), _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)};
}

/// 32 bytes of a block each; reads three bytes more than that.
__attribute__((target("avx2"))) inline void avx2_block(const char* p, const Tables& t, int parts,
                                                       ClassMasks& m) {
  m = {};
  for (int part = 0; part < parts; ++part) {
    const char* q = p + 32 * part;
    const int shift = 32 * part;
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q + 1));
    const __m256i c = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q + 2));
    const __m256i d = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q + 3));
    // '0' … '9' become the ten smallest signed bytes.
    const __m256i moved = _mm256_add_epi8(a, _mm256_set1_epi8(static_cast<char>(0x80 - '0')));
    const __m256i digit = _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(0x80 + 10)), moved);
    m.digit |= half(digit) << shift;
    const __m256i folded = _mm256_or_si256(a, _mm256_set1_epi8(0x20));
    const __m256i letter =
        _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(0x80 + 26)),
                          _mm256_add_epi8(folded, _mm256_set1_epi8(static_cast<char>(0x80 - 'a'))));
    const std::uint64_t high = half(a);
    m.high |= high << shift;
    m.word |= (half(_mm256_or_si256(digit, letter)) | high) << shift;
    m.at |= half(_mm256_cmpeq_epi8(a, _mm256_set1_epi8('@'))) << shift;
    m.colon |= half(_mm256_cmpeq_epi8(a, _mm256_set1_epi8(':'))) << shift;
    const Halves places[LiteralFilter::kPlaces] = {halves_of(a), halves_of(b), halves_of(c), halves_of(d)};
    __m256i groups = _mm256_setzero_si256();
    for (std::size_t set = 0; set < LiteralFilter::kSets; ++set) {
      __m256i all = _mm256_set1_epi8(-1);
      for (std::size_t k = 0; k < LiteralFilter::kPlaces; ++k)
        all = _mm256_and_si256(all, _mm256_and_si256(_mm256_shuffle_epi8(t.low[set][k], places[k].low),
                                                     _mm256_shuffle_epi8(t.high[set][k], places[k].high)));
      groups = _mm256_or_si256(groups, all);
    }
    const std::uint64_t none = half(_mm256_cmpeq_epi8(groups, _mm256_setzero_si256()));
    m.literal |= (~none & 0xFFFFFFFFull) << shift;
  }
}

__attribute__((target("avx2"))) void avx2_scan(std::string_view text, const LiteralFilter& f,
                                               ClassMasks* masks) {
  Tables t;
  for (std::size_t set = 0; set < LiteralFilter::kSets; ++set)
    for (std::size_t k = 0; k < LiteralFilter::kPlaces; ++k) {
      t.low[set][k] =
          _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(f.low[set][k])));
      t.high[set][k] =
          _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(f.high[set][k])));
    }
  std::size_t at = 0;
  for (; at + kBlock + kAhead <= text.size(); at += kBlock) avx2_block(text.data() + at, t, 2, *masks++);
  // What is left is read from a copy with zeros behind it, never past the text's end.
  while (at < text.size()) {
    alignas(32) char rest[2 * kBlock] = {};
    const std::size_t n = text.size() - at;
    std::memcpy(rest, text.data() + at, n < sizeof rest ? n : sizeof rest);
    avx2_block(rest, t, n <= kBlock / 2 ? 1 : 2, *masks);
    if (n < kBlock) {
      const std::uint64_t real = (1ull << n) - 1;
      masks->digit &= real;
      masks->at &= real;
      masks->colon &= real;
      masks->literal &= real;
      masks->word &= real;
      masks->high &= real;
    }
    ++masks;
    at += kBlock;
  }
}

bool has_avx2() {
  static const bool yes = __builtin_cpu_supports("avx2");
  return yes;
}
#endif

}  // namespace

LiteralFilter::LiteralFilter(std::span<const std::string_view> literals) {
  // Literals that begin alike share a group: their look-ups overlap, so fewer accidents pass. Short ones come
  // first.
  constexpr std::size_t kGroups = 8 * kSets, kShort = 5;
  std::array<std::uint8_t, 512> group_of{};  // of "is short" and first letter; 0: none yet
  std::size_t shorts = 0, longs = 0;
  for (const std::string_view literal : literals) {
    const bool is_short = literal.size() < kPlaces;
    auto& known = group_of[(is_short ? 256u : 0u) + (static_cast<unsigned char>(literal[0]) | 0x20u)];
    if (known == 0)
      known = static_cast<std::uint8_t>(
          1 + (is_short ? shorts++ % kShort : kShort + longs++ % (kGroups - kShort)));
    const std::size_t group = known - 1u, set = group / 8;
    const auto bit = static_cast<std::uint8_t>(1u << (group % 8));
    for (std::size_t k = 0; k < kPlaces; ++k) {
      if (k >= literal.size()) {
        for (std::size_t v = 0; v < 16; ++v) {
          low[set][k][v] |= bit;
          high[set][k][v] |= bit;
        }
        continue;
      }
      const auto c = static_cast<unsigned char>(literal[k]);
      const bool letter = is_alpha(static_cast<char>(c));
      for (const unsigned v : {unsigned{c}, letter ? unsigned{c} ^ 0x20u : unsigned{c}}) {
        low[set][k][v & 15] |= bit;
        high[set][k][v >> 4] |= bit;
      }
    }
  }
}

void class_scan_portable(std::string_view text, const LiteralFilter& filter, ClassMasks* masks) {
  for (std::size_t at = 0; at < text.size(); at += kBlock)
    portable_block(reinterpret_cast<const unsigned char*>(text.data()) + at, text.size() - at, filter,
                   *masks++);
}

void class_scan(std::string_view text, const LiteralFilter& filter, ClassMasks* masks) {
#if defined(__x86_64__)
  if (has_avx2()) return avx2_scan(text, filter, masks);
#endif
  class_scan_portable(text, filter, masks);
}

}  // namespace turnscope::pipeline
