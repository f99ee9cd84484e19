// Puts a stored span's attributes and events together again, exactly as they were received: types kept, long
// texts cut out of the payload columns. (Their order within one list is not kept: OTLP attributes are a map.)
//
//   SELECT attrs_str, attrs_int, attrs_dbl, attrs_bool, attrs_json, attrs_ref, ev_time, ev_name, ev_attrs,
//   links,
//          dropped, input, output, extra
//
// reads as
//
//   StoredPayload p = read_payload(in);           // in that order
//   TS_TRY(restore(p, arena, span));              // fills attributes, events, links and the dropped counts
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "otlp/model.h"
#include "store/row_reader.h"

namespace turnscope::store {

/// Which payload column a reference points to, and where in it.
struct PayloadRef {
  enum class Column : std::uint8_t { input = 0, output = 1, extra = 2 };
  Column column = Column::input;
  std::uint32_t offset = 0, length = 0;  ///< bytes, each < 2^31

  static constexpr std::uint64_t kMax = (std::uint64_t{1} << 31) - 1;
  constexpr std::uint64_t packed() const {
    return static_cast<std::uint64_t>(column) << 62 | std::uint64_t{offset} << 31 | length;
  }
  static constexpr PayloadRef unpack(std::uint64_t v) {
    return {static_cast<Column>(v >> 62), static_cast<std::uint32_t>(v >> 31 & kMax),
            static_cast<std::uint32_t>(v & kMax)};
  }
};

/// The columns as stored; views into the query's result.
struct StoredPayload {
  template <typename T>
  using Map = std::vector<std::pair<std::string_view, T>>;
  Map<std::string_view> attrs_str;
  Map<std::int64_t> attrs_int;
  Map<double> attrs_dbl;
  Map<std::uint8_t> attrs_bool;
  Map<std::string_view> attrs_json;
  Map<std::uint64_t> attrs_ref;
  std::vector<std::int64_t> ev_time;
  std::vector<std::string_view> ev_name, ev_attrs, links;
  std::vector<std::uint32_t> dropped;
  std::string_view input, output, extra;

  /// The text a reference points to; nothing if it points outside (damaged data).
  std::string_view text(std::uint64_t ref) const;
};

/// The SELECT list that read_payload expects.
inline constexpr std::string_view kPayloadColumns =
    "attrs_str, attrs_int, attrs_dbl, attrs_bool, attrs_json, attrs_ref, ev_time, ev_name, ev_attrs, links, "
    "dropped, "
    "input, output, extra";
StoredPayload read_payload(RowReader&);

/// Fills span.attributes, events, links and dropped counts; all memory of the result is in the arena, so `p`
/// may go. Without payload columns (left empty in `p`), long values become empty strings. Error: corrupt,
/// when stored JSON does not parse.
Status restore(const StoredPayload& p, otlp::Arena& arena, otlp::Span& span);

/// An OTLP/JSON KeyValue array (column attrs_json of `resources`) as attributes in the arena.
Result<otlp::Attributes> restore_attributes(std::string_view json, otlp::Arena& arena);

}  // namespace turnscope::store
