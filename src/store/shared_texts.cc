#include "store/shared_texts.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace turnscope::store {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

/// Where a message, a block or a line ends: behind '}' that a list goes on or ends after, behind a line
/// break.
std::size_t end_of_part(std::string_view text) {
  for (std::size_t i = SharedTexts::kPart; i < text.size(); ++i) {
    const char c = text[i - 1];
    if (c == '\n') return i;
    if (c == '}' && (text[i] == ',' || text[i] == ']' || text[i] == '\n')) return i;
    if (i == SharedTexts::kLongest) {
      while (i > SharedTexts::kPart && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) --i;
      return i;
    }
  }
  return 0;
}

}  // namespace

std::string_view first_part(std::string_view text) {
  const std::size_t end = end_of_part(text);
  return end == 0 ? text : text.substr(0, end);
}

SharedTexts::SharedTexts() {
  std::random_device random;
  for (std::size_t i = 0; i < secret_.size(); i += 4) {
    const std::uint32_t n = random();
    std::memcpy(secret_.data() + i, &n, 4);
  }
}

PartId SharedTexts::id_of(std::uint32_t project, std::string_view text) const {
  auto h = XXH3_128bits_withSecret(text.data(), text.size(), secret_.data(), secret_.size());
  h.high64 ^= project * 0x9E3779B97F4A7C15ull;
  PartId id;
  std::memcpy(id.data(), &h.low64, 8);
  std::memcpy(id.data() + 8, &h.high64, 8);
  return id;
}

SharedTexts::Slot& SharedTexts::slot(const PartId& id) {
  std::uint64_t low = 0, high = 0;
  std::memcpy(&low, id.data(), 8);
  std::memcpy(&high, id.data() + 8, 8);
  low |= 1;
  high |= 1;  // never an empty slot's
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = (low >> 1) & mask;
  while (slots_[at].high != 0 && ((slots_[at].low | 1) != low || slots_[at].high != high))
    at = (at + 1) & mask;
  return slots_[at];
}

SharedTexts::Seen SharedTexts::seen(const PartId& id) {
  if (slots_.empty()) return Seen::never;
  const Slot& s = slot(id);
  if (s.high == 0) return Seen::never;
  return (s.low & 1) != 0 ? Seen::stored : Seen::once;
}

void SharedTexts::remember(const PartId& id, Seen what) {
  if (slots_.empty()) slots_.resize(4'096);
  if (used_ * 2 >= slots_.size()) {
    if (slots_.size() / 2 >= kRemembered) {
      // Full: what goes on repeating will be known again after its next turn.
      std::fill(slots_.begin(), slots_.end(), Slot{});
      used_ = 0;
    } else {
      auto before = std::move(slots_);
      slots_.assign(before.size() * 4, Slot{});
      const std::size_t mask = slots_.size() - 1;
      for (const Slot& s : before) {
        if (s.high == 0) continue;
        std::size_t at = ((s.low | 1) >> 1) & mask;
        while (slots_[at].high != 0) at = (at + 1) & mask;
        slots_[at] = s;
      }
    }
  }
  Slot& s = slot(id);
  used_ += s.high == 0;
  std::uint64_t low = 0, high = 0;
  std::memcpy(&low, id.data(), 8);
  std::memcpy(&high, id.data() + 8, 8);
  const bool stored = what == Seen::stored || (s.high != 0 && (s.low & 1) != 0);
  s = {(low & ~std::uint64_t{1}) | (stored ? 1u : 0u), high | 1};
}

bool SharedTexts::share(std::uint32_t project, PayloadRef::Column column, std::int64_t received_ms,
                        std::string& text, PartBlock& parts, std::vector<PartId>& ids,
                        std::vector<std::uint64_t>& layout) {
  if (text.size() < kFrom) return false;
  if (const auto day = received_ms / kDayMs; day != day_) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    used_ = 0;
    day_ = day;
  }
  pieces_.clear();
  std::size_t known = 0;
  std::string_view left = text;
  for (;;) {
    const std::string_view part = first_part(left);
    if (part.size() == left.size()) break;  // what is left has not ended: the next turn goes on with it
    const PartId id = id_of(project, part);
    pieces_.push_back({part, id, seen(id)});
    if (pieces_.back().seen != Seen::never) known += part.size();
    left.remove_prefix(part.size());
  }
  const bool share = known * 2 >= text.size();
  if (!share) {
    for (const Piece& p : pieces_) remember(p.id, Seen::once);
    return false;
  }
  for (const Piece& p : pieces_) {
    // Asked again: the text may have the same part twice.
    if (seen(p.id) != Seen::stored) parts.add(project, p.id, received_ms, p.text);
    remember(p.id, Seen::stored);
    ids.push_back(p.id);
    layout.push_back(PayloadRef{column, 0, static_cast<std::uint32_t>(p.text.size())}.packed());
  }
  rest_.assign(left);
  text.swap(rest_);
  return true;
}

}  // namespace turnscope::store
