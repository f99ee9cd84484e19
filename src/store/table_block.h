// A block for one table: its columns, and how they become pieces for the engine. A table derives from
// TableBlock and lists its columns in each(f): f(column, name, type).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "store/native_block.h"

namespace turnscope::store {

template <typename Self>
class TableBlock {
 public:
  std::size_t rows() const { return rows_; }
  /// Of what is in the columns now; grows by what rows add.
  std::size_t bytes() {
    std::size_t sum = 0;
    self().each([&](auto& c, std::string_view, std::string_view) { sum += c.bytes(); });
    return sum;
  }
  void clear() {
    self().each([](auto& c, std::string_view, std::string_view) { c.clear(); });
    rows_ = 0;
  }
  /// Empties and gives the memory back.
  void release() {
    self().each([](auto& c, std::string_view, std::string_view) { c.release(); });
    pieces_ = {};
    rows_ = 0;
  }
  /// "a, b, c", in the block's order.
  const std::string& columns() {
    if (columns_.empty())
      self().each([&](auto&, std::string_view name, std::string_view) {
        if (!columns_.empty()) columns_ += ", ";
        columns_ += name;
      });
    return columns_;
  }
  /// The Native block; valid until the block changes.
  const std::vector<std::string_view>& native() {
    std::size_t n = 0;
    self().each([&](auto&, std::string_view, std::string_view) { ++n; });
    pieces_.begin(n, rows_);
    self().each([&](auto& c, std::string_view name, std::string_view type) {
      pieces_.column(name, type);
      c.prefix(pieces_);
      c.write(pieces_);
    });
    return pieces_.finish();
  }
  std::size_t native_bytes() const { return pieces_.bytes(); }

 protected:
  std::size_t rows_ = 0;

 private:
  Self& self() { return static_cast<Self&>(*this); }
  BlockPieces pieces_;
  std::string columns_;
};

}  // namespace turnscope::store
