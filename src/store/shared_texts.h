// Conversations stored once. Each turn of a chat resends its history, so a long text of a span is cut into
// parts where messages end, and parts that earlier spans brought are not stored again: the span keeps their
// ids
// (`content_parts` has the texts). Cuts follow from the text alone, so the history of the next turn has the
// same parts whatever the dialect: JSON lists, indexed attributes or events. Texts that repeat nothing stay
// in their row.
//
// What a call of such a conversation answers is resent with the next turn, too: it becomes a part at once,
// and is cut out of the history wherever it stands in it, so that both name the same part.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/span_payload.h"
#include "store/table_block.h"

namespace turnscope::store {

/// Rows for the table `content_parts`.
class PartBlock : public TableBlock<PartBlock> {
 public:
  void add(std::uint32_t project, const PartId& id, std::int64_t received_ms, std::string_view text) {
    project_.add(project);
    id_.add(id);
    received_.add(received_ms);
    text_.add(text);
    ++rows_;
  }
  template <typename F>
  void each(F&& f) {
    f(project_, "project", "UInt32");
    f(id_, "id", "FixedString(16)");
    f(received_, "received", "DateTime64(3, 'UTC')");
    f(text_, "text", "String");
  }

 private:
  NumberColumn<std::uint32_t> project_;
  IdColumn id_;
  NumberColumn<std::int64_t> received_;
  StringColumn text_;
};

/// The cuts: the first part of `text`; the whole of it when there is no good place to cut.
std::string_view first_part(std::string_view text);

class SharedTexts {
 public:
  static constexpr std::size_t kFrom = 2'048;  ///< shorter texts are never cut
  static constexpr std::size_t kPart = 512;    ///< a part is at least this long
  static constexpr std::size_t kLongest = 16'384;
  static constexpr std::size_t kRemembered = 1u << 19;  ///< parts; 16 bytes each

  SharedTexts();

  /// A piece of a text.
  struct Range {
    std::size_t at = 0, size = 0;
  };

  /// If at least half of `text` came before: adds parts that are new to `parts`, and to `ids` and `layout`
  /// what the row keeps of them, and leaves in `text` what is not shared. Else false, and all stays as it is.
  /// A part is stored anew on each day, so that a day's partition of the store needs no other.
  bool share(std::uint32_t project, PayloadRef::Column column, std::int64_t received_ms, std::string& text,
             PartBlock& parts, std::vector<PartId>& ids, std::vector<std::uint64_t>& layout);

  /// The same for what a span put out. `values` are the texts that `text` was joined from, in order.
  /// `resent`: the span's own history is shared, so its answer will be part of one; else only answers that
  /// are known become parts (the run above a call repeats the call's).
  bool share_answer(std::uint32_t project, PayloadRef::Column column, std::int64_t received_ms,
                    std::string& text, const std::vector<Range>& values, bool resent, PartBlock& parts,
                    std::vector<PartId>& ids, std::vector<std::uint64_t>& layout);
  bool knows_answers() const { return !answers_.empty(); }

 private:
  enum class Seen : std::uint8_t { never, once, stored };
  struct Slot {
    std::uint64_t low = 0, high = 0;  ///< the lowest bit of `low`: stored
  };
  PartId id_of(std::uint32_t project, std::string_view text) const;
  Slot& slot(const PartId&);
  Seen seen(const PartId&);
  void remember(const PartId&, Seen);
  void begin_day(std::int64_t received_ms);
  void put(std::uint32_t project, PayloadRef::Column column, std::int64_t received_ms, std::string& text,
           std::string_view left, PartBlock& parts, std::vector<PartId>& ids,
           std::vector<std::uint64_t>& layout);
  std::uint64_t head_of(std::uint32_t project, const char* text) const;
  void remember_answer(std::uint32_t project, std::string_view text, const PartId&);
  void find_answers(std::uint32_t project, std::string_view text);

  std::array<std::uint8_t, 192>
      secret_{};  ///< of this process: nobody can choose a text to meet another's id
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  std::int64_t day_ = -1;
  std::string rest_;
  struct Piece {
    std::string_view text;
    PartId id;
    Seen seen;
  };
  std::vector<Piece> pieces_;

  /// Found again by how it begins; the last few that begin alike.
  struct Answer {
    std::uint64_t head = 0;
    std::uint32_t size = 0;
    PartId id{};
  };
  static constexpr std::size_t kHead = 32, kAlike = 4, kAnswers = 1u << 16;  ///< answers: 2 MB
  std::vector<Answer> answers_;
  std::vector<Range> found_;  ///< answers in the text at hand
};

}  // namespace turnscope::store
