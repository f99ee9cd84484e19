// A cursor over one protobuf message. Varints are protozero's; the cursor is ours because groups (wire types
// 3 and 4), which protozero refuses, are legal unknown fields: they are skipped without recursion, and mark
// the request as modified. Private to src/otlp.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <protozero/exception.hpp>
#include <protozero/varint.hpp>
#include <string_view>

#include "otlp/context.h"

namespace turnscope::otlp {

static_assert(std::endian::native == std::endian::little, "fixed-width fields are read as they lie");

enum Wire : std::uint32_t {
  varint = 0,
  fixed64 = 1,
  length = 2,
  group_start = 3,
  group_end = 4,
  fixed32 = 5
};

/// A tag as it stands on the wire. A known field number with another wire type is an unknown field, as
/// protobuf has it.
constexpr std::uint32_t tag(std::uint32_t field, Wire type) { return field << 3 | type; }

class Message {
 public:
  Message(Context& context, std::string_view bytes)
      : context_(context), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  /// Goes to the next field; false at the end. Each field must be read or skipped before the next call.
  bool next() {
    if (at_ == end_) return false;
    const auto first = static_cast<std::uint8_t>(*at_);
    if (first < 0x80) {
      ++at_;
      tag_ = first;
    } else {
      const std::uint64_t v = varint_value();
      if (v > 0xFFFFFFFFu) context_.malformed(at_, "a field number above 2^29");
      tag_ = static_cast<std::uint32_t>(v);
    }
    if (tag_ < 8) context_.malformed(at_, "field number 0");
    return true;
  }
  std::uint32_t tag() const { return tag_; }
  bool at_end() const { return at_ == end_; }

  std::uint64_t varint_value() {
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) return static_cast<std::uint8_t>(*at_++);
    return long_varint();
  }
  std::string_view bytes() {
    const std::uint64_t n = varint_value();
    if (n > static_cast<std::uint64_t>(end_ - at_))
      context_.malformed(at_, "a length beyond the end of its message");
    const std::string_view s(at_, n);
    at_ += n;
    return s;
  }
  template <typename T>
  T fixed() {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    if (static_cast<std::size_t>(end_ - at_) < sizeof(T)) context_.malformed(at_, "a cut fixed-width value");
    T v;
    std::memcpy(&v, at_, sizeof v);
    at_ += sizeof v;
    return v;
  }
  void skip() {
    switch (tag_ & 7) {
      case Wire::varint:
        varint_value();
        return;
      case Wire::fixed64:
        fixed<std::uint64_t>();
        return;
      case Wire::length:
        bytes();
        return;
      case Wire::fixed32:
        fixed<std::uint32_t>();
        return;
      case Wire::group_start:
        skip_group();
        return;
      case Wire::group_end:
        context_.malformed(at_, "the end of a group that did not begin");
      default:
        context_.malformed(at_, "an unknown wire type");
    }
  }

 private:
  std::uint64_t long_varint() {
    try {
      return protozero::decode_varint(&at_, end_);
    } catch (const protozero::exception&) {
      context_.malformed(at_, "a varint that is cut or longer than 10 bytes");
    }
  }
  void skip_group() {
    context_.report.modified = true;
    for (std::size_t depth = 1; depth > 0;) {
      if (!next()) context_.malformed(at_, "a group without end");
      switch (tag_ & 7) {
        case Wire::group_start:
          ++depth;
          break;
        case Wire::group_end:
          --depth;
          break;
        default:
          skip();
      }
    }
  }

  Context& context_;
  const char* at_;
  const char* end_;
  std::uint32_t tag_ = 0;
};

}  // namespace turnscope::otlp
