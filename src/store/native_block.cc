#include "store/native_block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <numeric>

namespace turnscope::store {

void BlockPieces::begin(std::size_t columns, std::size_t rows) {
  glue_.clear();
  pieces_.clear();
  views_.clear();
  varint(columns);
  varint(rows);
}

void BlockPieces::glued(std::size_t from) {
  if (!pieces_.empty() && pieces_.back().data == nullptr)
    pieces_.back().size += glue_.size() - from;
  else
    pieces_.push_back({nullptr, from, glue_.size() - from});
}

void BlockPieces::column(std::string_view name, std::string_view type) {
  const auto from = glue_.size();
  append_varint(glue_, name.size());
  glue_.append(name);
  append_varint(glue_, type.size());
  glue_.append(type);
  glued(from);
}

void BlockPieces::number(std::uint64_t v) {
  const auto from = glue_.size();
  glue_.append(reinterpret_cast<const char*>(&v), sizeof v);
  glued(from);
}

void BlockPieces::varint(std::uint64_t v) {
  const auto from = glue_.size();
  append_varint(glue_, v);
  glued(from);
}

void BlockPieces::data(std::string_view bytes) {
  if (!bytes.empty()) pieces_.push_back({bytes.data(), 0, bytes.size()});
}

const std::vector<std::string_view>& BlockPieces::finish() {
  views_.clear();
  for (const auto& p : pieces_) views_.emplace_back(p.data == nullptr ? glue_.data() + p.at : p.data, p.size);
  return views_;
}

std::size_t BlockPieces::bytes() const {
  return std::accumulate(pieces_.begin(), pieces_.end(), std::size_t{0},
                         [](std::size_t sum, const Piece& p) { return sum + p.size; });
}

void LowCardinalityColumn::clear() {
  keys_.clear();
  entries_.clear();
  indexes_.clear();
  keys_.add({});
  entries_.push_back({1, 0, static_cast<std::uint32_t>(XXH3_64bits("", 0))});
  last_ = 0;
  if (slots_.size() > 4096) slots_ = {};
  slots_.assign(std::max<std::size_t>(slots_.size(), 256), 0);
  slots_[entries_[0].hash & (slots_.size() - 1)] = 1;
}

void LowCardinalityColumn::release() {
  keys_.release();
  entries_ = {};
  indexes_ = {};
  narrow_ = {};
  slots_ = {};
  clear();
}

std::uint32_t LowCardinalityColumn::look_up(std::string_view s) {
  const auto hash = static_cast<std::uint32_t>(XXH3_64bits(s.data(), s.size()));
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const auto& e = entries_[slots_[slot] - 1];
    if (e.hash == hash && is(e, s)) return slots_[slot] - 1;
  }
  keys_.add(s);
  entries_.push_back({keys_.bytes_.size() - s.size(), static_cast<std::uint32_t>(s.size()), hash});
  slots_[slot] = static_cast<std::uint32_t>(entries_.size());
  if (entries_.size() * 2 > slots_.size()) grow();
  return static_cast<std::uint32_t>(entries_.size() - 1);
}

void LowCardinalityColumn::grow() {
  slots_.assign(slots_.size() * 2, 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t slot = entries_[i].hash & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

void LowCardinalityColumn::write(BlockPieces& out) {
  if (indexes_.empty()) return;
  const std::size_t width = entries_.size() <= 0x100 ? 1 : entries_.size() <= 0x10000 ? 2 : 4;
  // The width as 0, 1, 2, and two flags: the keys are in this block, and they replace those before.
  constexpr std::uint64_t kHasKeys = 1u << 9, kNewKeys = 1u << 10;
  out.number((width == 4 ? 2 : width - 1) | kHasKeys | kNewKeys);
  out.number(entries_.size());
  keys_.write(out);
  out.number(indexes_.size());
  if (width == 4) {
    out.data({reinterpret_cast<const char*>(indexes_.data()), indexes_.size() * 4});
    return;
  }
  narrow_.resize(indexes_.size() * width);
  if (width == 1) {
    for (std::size_t i = 0; i < indexes_.size(); ++i) narrow_[i] = static_cast<char>(indexes_[i]);
  } else {
    auto* to = narrow_.data();
    for (std::size_t i = 0; i < indexes_.size(); ++i) {
      const auto v = static_cast<std::uint16_t>(indexes_[i]);
      std::memcpy(to + i * 2, &v, 2);
    }
  }
  out.data(narrow_);
}

}  // namespace turnscope::store
