// What happens when a log directory is opened. Never fails on content: only when the directory cannot be read
// or written, or was written by a later format. Rules:
//   - the newest segment is read to its end unless it was closed in order; a torn end is cut, counted and
//   sealed over;
//   - older segments end in a seal; one without is read to its end;
//   - a whole damaged record stays where it is (readers skip, count and keep it aside); a segment without any
//   readable
//     header is moved to damaged/;
//   - positions between two segments that nothing holds are a gap: reported with its range;
//   - a position is never given out twice: after a torn end the next one lies beyond all that the torn bytes
//   can have held.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/filesystem.h"
#include "log/damage.h"
#include "log/segment.h"

namespace turnscope::log {

/// How a segment ends.
struct SegmentEnd {
  Position end = 0;             ///< after its last record
  std::uint64_t offset = 0;     ///< where that record ends
  Position next_segment = 0;    ///< where the next one begins: `end`, or beyond it after a torn end
  Position durable_before = 0;  ///< largest seen
  bool sealed = false, closed_in_order = false;
  std::uint64_t torn_bytes = 0;
};

using OnRecord = std::function<void(const struct FoundRecord&)>;
using OnDamage = std::function<void(const struct FoundDamage&)>;

/// The seal at the very end of the file, if there is one: tells the end without reading the segment.
Result<std::optional<SegmentEnd>> read_seal(const File&, const SegmentHeader&, std::uint64_t file_bytes);
/// Reads the whole segment. `bound` = first position of the next one.
Result<SegmentEnd> scan_segment(const File&, const SegmentHeader&, std::uint64_t file_bytes, Position bound,
                                const OnRecord&, const OnDamage&);

struct Recovery {
  std::vector<std::shared_ptr<Segment>> segments;
  Position oldest = 0, end = 0,
           next = 0;          ///< end: after the last record; next: the next position to give out
  Position previous_end = 0;  ///< of the oldest segment: nothing was given out from there to `oldest`
  bool clean = true;          ///< the log was closed in order (or is new)
  std::vector<std::pair<Position, Position>> gaps;
};

Result<Recovery> recover(FileSystem&, const std::string& directory, DamageLedger&);

}  // namespace turnscope::log
