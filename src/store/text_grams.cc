#include "store/text_grams.h"

#include <algorithm>
#include <limits>

namespace turnscope::store {
namespace {

constexpr std::size_t kChunkBytes = 4u << 20;  // long texts fill a bitmap sooner
constexpr std::int64_t kLeastWidth = 50'000'000, kMostWidth = 3'600'000'000'000;
constexpr std::int64_t kAnyTime = std::numeric_limits<std::int64_t>::min();
constexpr std::size_t kMostBitsOfNeedle = 12;

// ASCII letters in lower case; white space as 0.
constexpr auto kFold = [] {
  std::array<std::uint8_t, 256> fold{};
  for (unsigned c = 0; c < 256; ++c)
    fold[c] = static_cast<std::uint8_t>(c >= 'A' && c <= 'Z' ? c + 32 : c <= ' ' ? 0 : c);
  return fold;
}();

std::uint32_t bit_of(std::uint32_t gram) { return gram * 0x9e3779b1u >> (32 - kGramBits); }

/// Letters of these scripts have one case, so they are the same bytes however they are compared.
bool has_one_case(char32_t c) {
  return (c >= 0x590 && c < 0x10a0) || (c >= 0x1100 && c < 0x13a0) || (c >= 0x2e80 && c < 0xa640) ||
         (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) || (c >= 0x20000 && c < 0x323b0);
}

/// For each byte whether every text that matches has just this byte there (after folding).
std::vector<bool> certain_bytes(std::string_view s) {
  std::vector<bool> certain(s.size(), false);
  for (std::size_t i = 0; i < s.size();) {
    const auto lead = static_cast<unsigned char>(s[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (size == 1) {
      certain[i++] = lead < 0x80;
      continue;
    }
    if (i + size > s.size()) break;
    char32_t c = lead & (0xffu >> (size + 1));
    for (std::size_t k = 1; k < size; ++k) c = c << 6 | (static_cast<unsigned char>(s[i + k]) & 0x3fu);
    const bool sure = has_one_case(c);
    for (std::size_t k = 0; k < size; ++k) certain[i + k] = sure;
    i += size;
  }
  return certain;
}

}  // namespace

std::vector<std::uint32_t> gram_bits(std::string_view needle) {
  const auto certain = certain_bytes(needle);
  std::vector<std::uint32_t> bits;
  for (std::size_t i = 0; i + 4 <= needle.size(); ++i) {
    std::uint32_t gram = 0;
    bool whole = true;
    for (std::size_t k = i; k < i + 4; ++k) {
      const auto c = kFold[static_cast<unsigned char>(needle[k])];
      whole = whole && c != 0 && certain[k];
      gram = gram << 8 | c;
    }
    if (whole) bits.push_back(bit_of(gram));
  }
  std::sort(bits.begin(), bits.end());
  bits.erase(std::unique(bits.begin(), bits.end()), bits.end());
  // Evenly from a long needle: a dozen decide as well as a hundred.
  if (bits.size() > kMostBitsOfNeedle) {
    for (std::size_t i = 0; i < kMostBitsOfNeedle; ++i) bits[i] = bits[i * bits.size() / kMostBitsOfNeedle];
    bits.resize(kMostBitsOfNeedle);
  }
  return bits;
}

void GramBlock::add(const Row& row, const GramBitmap& bitmap) {
  project_.add(row.project);
  id_.add(row.id);
  spans_.add(row.spans);
  min_start_.add(row.min_start);
  max_start_.add(row.max_start);
  received_.add(row.received_ms);
  grams_.add({reinterpret_cast<const char*>(bitmap.data()), sizeof bitmap});
  ++rows_;
}

GramIndex::Chunk& GramIndex::chunk(std::uint32_t project, std::int64_t start) {
  Key key{project, start / width_};
  if (last_ == nullptr || key != last_key_) {
    auto it = open_.find(key);
    if (it == open_.end() && open_.size() >= kOpen) {
      // Spans of very many times at once: those that find no place share a chunk of any time.
      key.second = kAnyTime;
      it = open_.find(key);
    }
    if (it == open_.end()) it = open_.try_emplace(key).first;
    last_ = &it->second;
    last_key_ = {project, start / width_};
  }
  auto& c = *last_;
  if (c.bitmap && (c.row.spans >= kChunkSpans || c.bytes >= kChunkBytes)) {
    full_.push_back(std::move(c));
    c = Chunk{};
  }
  if (!c.bitmap) {
    if (spare_.empty()) {
      c.bitmap = std::make_unique<GramBitmap>();
    } else {
      c.bitmap = std::move(spare_.back());
      spare_.pop_back();
    }
    c.bitmap->fill(0);
  }
  return c;
}

void GramIndex::add(std::uint32_t project, std::uint64_t version, std::int64_t start,
                    std::int64_t received_ms, std::initializer_list<std::string_view> texts) {
  auto& c = chunk(project, start);
  auto& row = c.row;
  if (row.spans == 0) row = {project, version, 0, start, start, received_ms};
  ++row.spans;
  ++c.fresh;
  row.min_start = std::min(row.min_start, start);
  row.max_start = std::max(row.max_start, start);
  row.received_ms = received_ms;
  auto* const words = c.bitmap->data();
  for (const auto text : texts) {
    c.bytes += text.size();
    std::uint32_t gram = 0, run = 0;
    for (const char byte : text) {
      const std::uint32_t folded = kFold[static_cast<unsigned char>(byte)];
      gram = gram << 8 | folded;
      run = (run + 1) & (0u - static_cast<std::uint32_t>(folded != 0));
      const auto bit = bit_of(gram);
      words[bit / 64] |= std::uint64_t{run > 3} << bit % 64;  // no branch: words end too often to be foreseen
    }
  }
}

void GramIndex::emit(GramBlock& to) {
  std::size_t touched = 0, spans = 0;
  const auto filled = full_.size();
  for (auto& c : full_) {
    to.add(c.row, *c.bitmap);
    spans += c.fresh;
    spare_.push_back(std::move(c.bitmap));
  }
  full_.clear();
  for (auto& [key, c] : open_) {
    if (c.fresh == 0) continue;
    to.add(c.row, *c.bitmap);
    ++touched;
    spans += c.fresh;
    c.fresh = 0;
  }
  adapt(touched, spans, filled);
  if (open_.size() >= kOpen) release();
}

// Chunks of a fitting width are full when their time is over, and one block touches few.
void GramIndex::adapt(std::size_t touched, std::size_t spans, std::size_t filled) {
  if (touched > 8 && filled == 0 && spans / touched < kChunkSpans / 16 && width_ < kMostWidth)
    width_ *= 2;
  else if (filled > touched && width_ > kLeastWidth)
    width_ /= 2;
  else
    return;
  release();
}

void GramIndex::release() {
  open_.clear();
  last_ = nullptr;
  spare_ = std::vector<std::unique_ptr<GramBitmap>>();
}

}  // namespace turnscope::store
