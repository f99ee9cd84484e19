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
#include <array>
#include <cstdint>
#include <deque>
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

/// Name of a text in `content_parts`.
using PartId = std::array<std::uint8_t, 16>;

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
  std::vector<PartId> shared;            ///< texts that stand in `content_parts`, in order
  std::vector<std::uint64_t> shared_at;  ///< beside them, PayloadRef: column, (0), length; the parts of a
                                         ///< column come before what the column itself holds

  /// Puts the columns together from their parts: `part(id)` gives a text, or nothing when it is lost (then
  /// "?" stand in its place, and false is returned). New texts are kept in `texts`.
  template <typename F>
  bool join(F&& part, std::deque<std::string>& texts);
  /// The text a reference points to; nothing if it points outside (damaged data).
  std::string_view text(std::uint64_t ref) const;
};

/// The SELECT list that read_payload expects.
inline constexpr std::string_view kPayloadColumns =
    "attrs_str, attrs_int, attrs_dbl, attrs_bool, attrs_json, attrs_ref, ev_time, ev_name, ev_attrs, links, "
    "dropped, "
    "input, output, extra, shared, shared_at";
StoredPayload read_payload(RowReader&);

template <typename F>
bool StoredPayload::join(F&& part, std::deque<std::string>& texts) {
  bool whole = true;
  std::string joined[3];
  for (std::size_t i = 0; i < std::min(shared.size(), shared_at.size()); ++i) {
    const auto at = PayloadRef::unpack(shared_at[i]);
    auto& to = joined[static_cast<unsigned>(at.column) % 3];
    const std::string_view text = part(shared[i]);
    if (text.size() == at.length) {
      to += text;
    } else {
      whole = false;
      to.append(at.length, '?');
    }
  }
  std::string_view* columns[] = {&input, &output, &extra};
  for (std::size_t c = 0; c < 3; ++c) {
    if (joined[c].empty()) continue;
    joined[c] += *columns[c];
    *columns[c] = texts.emplace_back(std::move(joined[c]));
  }
  shared.clear();
  return whole;
}

/// Fills span.attributes, events, links and dropped counts; all memory of the result is in the arena, so `p`
/// may go. Without payload columns (left empty in `p`), long values become empty strings. Error: corrupt,
/// when stored JSON does not parse.
Status restore(const StoredPayload& p, otlp::Arena& arena, otlp::Span& span);

/// An OTLP/JSON KeyValue array (column attrs_json of `resources`) as attributes in the arena.
Result<otlp::Attributes> restore_attributes(std::string_view json, otlp::Arena& arena);

}  // namespace turnscope::store
