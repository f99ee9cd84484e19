#include "sinks/tail_sampler/verdicts.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace turnscope::sinks {
namespace {

// File: 16 bytes head (magic, generation), then 16 bytes a verdict (entry, its check). Host order:
// little-endian.
constexpr std::uint64_t kMagic = 0x3154434456535354;  // "TSSVDCT1"
constexpr std::size_t kPair = 16;

std::uint64_t check_of(std::uint64_t entry, std::uint64_t generation) {
  return XXH3_64bits_withSeed(&entry, sizeof entry, generation);
}
std::uint64_t key_of(const otlp::TraceId& id) {
  const auto h = XXH3_64bits(id.data(), id.size()) & ~std::uint64_t{1};
  return h == 0 ? 2 : h;  // 0 stands for an empty slot
}
void put(std::string& out, std::uint64_t a, std::uint64_t b) {
  char bytes[kPair];
  std::memcpy(bytes, &a, 8);
  std::memcpy(bytes + 8, &b, 8);
  out.append(bytes, kPair);
}
std::uint64_t get(std::string_view s, std::size_t at) {
  std::uint64_t v;
  std::memcpy(&v, s.data() + at, 8);
  return v;
}

}  // namespace

std::optional<bool> Verdicts::Table::find(std::uint64_t key) const {
  if (slots.empty()) return std::nullopt;
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = (key >> 1) & mask; slots[i] != 0; i = (i + 1) & mask)
    if ((slots[i] & ~std::uint64_t{1}) == key) return (slots[i] & 1) != 0;
  return std::nullopt;
}

void Verdicts::Table::grow() {
  std::vector<std::uint64_t> before = std::move(slots);
  slots.assign(std::max<std::size_t>(1024, before.size() * 2), 0);
  used = 0;
  for (const auto e : before)
    if (e != 0) add(e);
}

void Verdicts::Table::add(std::uint64_t entry) {
  if (slots.empty() || used * 10 >= slots.size() * 7) grow();
  const std::size_t mask = slots.size() - 1;
  const std::uint64_t key = entry & ~std::uint64_t{1};
  std::size_t i = (key >> 1) & mask;
  while (slots[i] != 0 && (slots[i] & ~std::uint64_t{1}) != key) i = (i + 1) & mask;
  if (slots[i] == 0) ++used;
  slots[i] = entry;
}

Verdicts::Verdicts(FileSystem& fs, std::string directory, std::size_t each)
    : fs_(fs), directory_(std::move(directory)), each_(each) {}

std::string Verdicts::path(unsigned which) const {
  return join_path(directory_, which == 0 ? "verdicts-a" : "verdicts-b");
}

Status Verdicts::open() {
  TS_TRY(fs_.make_directories(directory_));
  std::uint64_t generations[2] = {0, 0};
  std::uint64_t whole[2] = {0, 0};
  for (unsigned w = 0; w < 2; ++w) {
    if (!fs_.exists(path(w))) continue;
    const auto file = fs_.read_file(path(w));
    if (!file) return fail(file.error());
    const std::string_view bytes = *file;
    if (bytes.size() < kPair || get(bytes, 0) != kMagic)
      continue;  // made and never synced: it says nothing yet
    generations[w] = get(bytes, 8);
    whole[w] = kPair;
    for (std::size_t at = kPair; at + kPair <= bytes.size(); at += kPair, whole[w] = at) {
      const auto entry = get(bytes, at);
      if (get(bytes, at + 8) != check_of(entry, generations[w])) break;
      tables_[w].add(entry);
    }
  }
  current_ = generations[1] > generations[0] ? 1 : 0;
  generation_ = generations[current_];
  if (generation_ == 0) return begin_file(0);
  TS_ASSIGN(file_, fs_.open(path(current_), OpenMode::write));
  file_bytes_ = whole[current_];
  return file_->truncate(file_bytes_);
}

Status Verdicts::begin_file(unsigned which) {
  tables_[which] = {};
  ++generation_;
  std::string head;
  put(head, kMagic, generation_);
  TS_TRY(fs_.replace_file(path(which), head));
  TS_ASSIGN(file_, fs_.open(path(which), OpenMode::write));
  current_ = which;
  file_bytes_ = kPair;
  return {};
}

std::optional<bool> Verdicts::find(const otlp::TraceId& id) const {
  const auto key = key_of(id);
  if (const auto v = tables_[current_].find(key)) return v;
  return tables_[1 - current_].find(key);
}

void Verdicts::add(const otlp::TraceId& id, bool kept) {
  const std::uint64_t entry = key_of(id) | (kept ? 1 : 0);
  tables_[current_].add(entry);
  put(pending_, entry, check_of(entry, generation_));
}

Status Verdicts::sync() {
  if (pending_.empty()) return {};
  TS_TRY(file_->write_at(pending_, file_bytes_));
  TS_TRY(file_->sync_data());
  file_bytes_ += pending_.size();
  pending_.clear();
  return tables_[current_].used >= each_ ? begin_file(1 - current_) : Status{};
}

}  // namespace turnscope::sinks
