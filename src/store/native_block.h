// Writes one block in ClickHouse's Native format straight from columns: every value is copied once, into its
// column's buffer, which has the wire's layout already; the block is the list of these buffers. Buffers are
// kept between blocks.
//
//   block:   varint columns, varint rows, then for each column: name, type (strings), data
//   String:  varint length, bytes, for each row            FixedString(n), numbers: the bytes, little-endian
//   Array:   u64 end offset for each row, then the items   Map: as Array(Tuple(key, value)): offsets, keys,
//   values LowCardinality(String): u64 version (before anything else of the column), then u64 index width and
//   flags,
//            u64 size of dictionary, its strings, u64 rows, indexes of 1, 2 or 4 bytes (nothing at all for 0
//            rows)
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "otlp/model.h"

namespace turnscope::store {

inline void append_varint(std::string& out, std::uint64_t v) {
  while (v >= 0x80) {
    out.push_back(static_cast<char>(v | 0x80));
    v >>= 7;
  }
  out.push_back(static_cast<char>(v));
}

/// Collects the pieces of a block. Views of columns stay valid until these are changed.
class BlockPieces {
 public:
  void begin(std::size_t columns, std::size_t rows);
  void column(std::string_view name, std::string_view type);
  void number(std::uint64_t v);       ///< 8 bytes
  void data(std::string_view bytes);  ///< not copied
  void varint(std::uint64_t v);
  /// The block; valid until the next begin().
  const std::vector<std::string_view>& finish();
  std::size_t bytes() const;

 private:
  struct Piece {
    const char* data;  ///< null: in glue_
    std::size_t at, size;
  };
  void glued(std::size_t from);
  std::string glue_;
  std::vector<Piece> pieces_;
  std::vector<std::string_view> views_;
};

/// Numbers, enums, DateTime64 as their bytes.
template <typename T>
class NumberColumn {
 public:
  void add(T v) { values_.push_back(v); }
  std::size_t size() const { return values_.size(); }
  std::size_t bytes() const { return values_.size() * sizeof(T); }
  void clear() { values_.clear(); }
  void release() { values_ = {}; }
  void prefix(BlockPieces&) const {}
  void write(BlockPieces& out) { out.data({reinterpret_cast<const char*>(values_.data()), bytes()}); }

 private:
  std::vector<T> values_;
};

/// FixedString(16)
class IdColumn : public NumberColumn<otlp::TraceId> {};

class StringColumn {
 public:
  void add(std::string_view s) {
    append_varint(bytes_, s.size());
    bytes_.append(s);
    ++rows_;
  }
  /// For values made in parts: begin(total size), then append() exactly that much.
  void begin(std::size_t size) {
    append_varint(bytes_, size);
    ++rows_;
  }
  void append(std::string_view s) { bytes_.append(s); }
  std::size_t size() const { return rows_; }
  std::size_t bytes() const { return bytes_.size(); }
  void clear() {
    bytes_.clear();
    rows_ = 0;
  }
  void release() {
    bytes_ = {};
    rows_ = 0;
  }
  void prefix(BlockPieces&) const {}
  void write(BlockPieces& out) { out.data(bytes_); }

 private:
  friend class LowCardinalityColumn;
  std::string bytes_;
  std::size_t rows_ = 0;
};

/// LowCardinality(String), sent with its dictionary.
class LowCardinalityColumn {
 public:
  LowCardinalityColumn() { clear(); }
  void add(std::string_view s) { indexes_.push_back(index_of(s)); }
  std::size_t size() const { return indexes_.size(); }
  std::size_t bytes() const { return keys_.bytes() + indexes_.size() * 2; }
  std::size_t distinct() const { return entries_.size(); }
  void clear();
  void release();
  void prefix(BlockPieces& out) const { out.number(1); }
  void write(BlockPieces& out);

 private:
  struct Entry {
    std::size_t at;  ///< of the text in keys_
    std::uint32_t size;
    std::uint32_t hash;
  };
  bool is(const Entry& e, std::string_view s) const {
    return e.size == s.size() && std::memcmp(keys_.bytes_.data() + e.at, s.data(), s.size()) == 0;
  }
  std::uint32_t index_of(std::string_view s) {
    // Runs of one value are the rule: name of a service, keys in the same order.
    if (is(entries_[last_], s)) return last_;
    const std::uint32_t next = last_ + 1 < entries_.size() ? last_ + 1 : 0;
    if (is(entries_[next], s)) return last_ = next;
    return last_ = look_up(s);
  }
  std::uint32_t look_up(std::string_view s);
  void grow();
  StringColumn keys_;
  std::vector<Entry> entries_;        ///< entry 0 is the empty string: ClickHouse's default value
  std::vector<std::uint32_t> slots_;  ///< index + 1; power of two; 0 is free
  std::vector<std::uint32_t> indexes_;
  std::string narrow_;
  std::uint32_t last_ = 0;
};

template <typename Items>
class ArrayColumn {
 public:
  Items items;
  /// Ends the row: all items added since the last call belong to it.
  void end_row() { offsets_.push_back(items.size()); }
  std::size_t size() const { return offsets_.size(); }
  std::size_t bytes() const { return items.bytes() + offsets_.size() * 8; }
  void clear() {
    items.clear();
    offsets_.clear();
  }
  void release() {
    items.release();
    offsets_ = {};
  }
  void prefix(BlockPieces& out) const { items.prefix(out); }
  void write(BlockPieces& out) {
    out.data({reinterpret_cast<const char*>(offsets_.data()), offsets_.size() * 8});
    items.write(out);
  }

 private:
  std::vector<std::uint64_t> offsets_;
};

/// Map(LowCardinality(String), V)
template <typename Values>
class MapColumn {
 public:
  LowCardinalityColumn keys;
  Values values;
  template <typename V>
  void add(std::string_view key, V&& value) {
    keys.add(key);
    values.add(std::forward<V>(value));
  }
  void end_row() { offsets_.push_back(keys.size()); }
  std::size_t size() const { return offsets_.size(); }
  std::size_t bytes() const { return keys.bytes() + values.bytes() + offsets_.size() * 8; }
  void clear() {
    keys.clear();
    values.clear();
    offsets_.clear();
  }
  void release() {
    keys.release();
    values.release();
    offsets_ = {};
  }
  void prefix(BlockPieces& out) const {
    keys.prefix(out);
    values.prefix(out);
  }
  void write(BlockPieces& out) {
    out.data({reinterpret_cast<const char*>(offsets_.data()), offsets_.size() * 8});
    keys.write(out);
    values.write(out);
  }

 private:
  std::vector<std::uint64_t> offsets_;
};

}  // namespace turnscope::store
