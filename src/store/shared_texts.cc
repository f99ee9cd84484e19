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

/// The long strings of a JSON text, without their quotes; of another text all of it.
void long_texts(std::string_view text, std::size_t at, std::vector<SharedTexts::Range>& out) {
  if (text.size() < SharedTexts::kPart) return;
  if (text[0] != '[' && text[0] != '{') {
    out.push_back({at, text.size()});
    return;
  }
  for (std::size_t i = text.find('"'); i != text.npos; i = text.find('"', i)) {
    const std::size_t begin = ++i;
    for (i = text.find_first_of("\"\\", i); i != text.npos && text[i] == '\\';)
      i = text.find_first_of("\"\\", i + 2);
    if (i == text.npos) return;
    if (i - begin >= SharedTexts::kPart) out.push_back({at + begin, i - begin});
    ++i;
  }
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

void SharedTexts::begin_day(std::int64_t received_ms) {
  const auto day = received_ms / kDayMs;
  if (day == day_) return;
  std::fill(slots_.begin(), slots_.end(), Slot{});
  used_ = 0;
  answers_.clear();
  day_ = day;
}

std::uint64_t SharedTexts::head_of(std::uint32_t project, const char* text) const {
  return XXH3_64bits_withSecret(text, kHead, secret_.data(), secret_.size()) ^
         project * 0x9E3779B97F4A7C15ull;
}

void SharedTexts::remember_answer(std::uint32_t project, std::string_view text, const PartId& id) {
  if (answers_.empty()) answers_.resize(kAnswers);
  const auto head = head_of(project, text.data());
  const auto alike = answers_.begin() + static_cast<std::ptrdiff_t>(head % (kAnswers / kAlike) * kAlike);
  for (std::size_t i = 0; i < kAlike; ++i)
    if (alike[static_cast<std::ptrdiff_t>(i)].id == id) return;
  std::move_backward(alike, alike + kAlike - 1, alike + kAlike);
  *alike = {head, static_cast<std::uint32_t>(text.size()), id};
}

void SharedTexts::find_answers(std::uint32_t project, std::string_view text) {
  found_.clear();
  if (answers_.empty()) return;
  std::size_t vain = text.size() * 4;  // bytes hashed for nothing: texts that begin alike on purpose
  std::size_t quote = text.find('"'), line = text.find('\n');
  for (std::size_t at = 0; at + kHead <= text.size();) {
    const auto head = head_of(project, text.data() + at);
    const Answer* alike = &answers_[head % (kAnswers / kAlike) * kAlike];
    std::size_t next = at;
    for (std::size_t i = 0; i < kAlike; ++i) {
      const Answer& a = alike[i];
      if (a.head != head || a.size == 0 || a.size > text.size() - at) continue;
      if (id_of(project, text.substr(at, a.size)) == a.id) {
        found_.push_back({at, a.size});
        next = at + a.size;
        break;
      }
      if (vain < a.size) return;
      vain -= a.size;
    }
    // Texts begin behind a quote or a line break.
    if (quote < next) quote = text.find('"', next);
    if (line < next) line = text.find('\n', next);
    const std::size_t end = std::min(quote, line);
    if (end == text.npos) return;
    (end == quote ? quote : line) = text.find(end == quote ? '"' : '\n', end + 1);
    at = end + 1;
  }
}

void SharedTexts::put(std::uint32_t project, PayloadRef::Column column, std::int64_t received_ms,
                      std::string& text, std::string_view left, PartBlock& parts, std::vector<PartId>& ids,
                      std::vector<std::uint64_t>& layout) {
  for (const Piece& p : pieces_) {
    // Asked again: the text may have the same part twice.
    if (seen(p.id) != Seen::stored) parts.add(project, p.id, received_ms, p.text);
    remember(p.id, Seen::stored);
    ids.push_back(p.id);
    layout.push_back(PayloadRef{column, 0, static_cast<std::uint32_t>(p.text.size())}.packed());
  }
  rest_.assign(left);
  text.swap(rest_);
}

bool SharedTexts::share(std::uint32_t project, PayloadRef::Column column, std::int64_t received_ms,
                        std::string& text, PartBlock& parts, std::vector<PartId>& ids,
                        std::vector<std::uint64_t>& layout) {
  if (text.size() < kFrom) return false;
  begin_day(received_ms);
  find_answers(project, text);
  pieces_.clear();
  std::size_t known = 0, at = 0;
  auto answer = found_.begin();
  for (;;) {
    std::string_view left = std::string_view(text).substr(at);
    std::string_view part;
    if (answer != found_.end()) {
      part = answer->at == at ? left.substr(0, answer->size) : first_part(left.substr(0, answer->at - at));
      if (answer->at == at) ++answer;
    } else {
      part = first_part(left);
      if (part.size() == left.size()) break;  // what is left has not ended: the next turn goes on with it
    }
    const PartId id = id_of(project, part);
    pieces_.push_back({part, id, seen(id)});
    if (pieces_.back().seen != Seen::never) known += part.size();
    at += part.size();
  }
  if (known * 2 < text.size()) {
    for (const Piece& p : pieces_) remember(p.id, Seen::once);
    return false;
  }
  put(project, column, received_ms, text, std::string_view(text).substr(at), parts, ids, layout);
  return true;
}

bool SharedTexts::share_answer(std::uint32_t project, PayloadRef::Column column, std::int64_t received_ms,
                               std::string& text, const std::vector<Range>& values, bool resent,
                               PartBlock& parts, std::vector<PartId>& ids,
                               std::vector<std::uint64_t>& layout) {
  if (text.size() < kPart) return false;
  begin_day(received_ms);
  if (resent) {
    found_.clear();
    for (const Range& v : values) long_texts(std::string_view(text).substr(v.at, v.size), v.at, found_);
  } else {
    find_answers(project, text);
  }
  std::size_t covered = 0;
  for (const Range& r : found_) covered += r.size;
  if (covered * 2 < text.size()) return false;
  pieces_.clear();
  std::size_t at = 0;
  for (const Range& r : found_) {
    if (r.at > at) {
      const auto between = std::string_view(text).substr(at, r.at - at);
      pieces_.push_back({between, id_of(project, between), Seen::never});
    }
    const auto answer = std::string_view(text).substr(r.at, r.size);
    pieces_.push_back({answer, id_of(project, answer), Seen::never});
    if (resent) remember_answer(project, answer, pieces_.back().id);
    at = r.at + r.size;
  }
  put(project, column, received_ms, text, std::string_view(text).substr(at), parts, ids, layout);
  return true;
}

}  // namespace turnscope::store
