// Whatever bytes a segment and a cursor file hold: opening, reading and verifying end without a crash, and no
// record is delivered whose checksum does not fit (the scanner computes it; here it is computed again).
//
// Input: first byte bit 0 = a valid segment header (salt 0) stands before the input, bit 1 = the second half
// is another segment, bit 2 = whatever has the magic of a record's header gets a checksum that fits, as only
// the disk's owner could make. The rest are the bytes of the segment, or of its records.
#include <xxhash.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/clock.h"
#include "base/logger.h"
#include "base/testing/forgetful_filesystem.h"
#include "log/cursor.h"
#include "log/log.h"
#include "log/record.h"
#include "log/recovery.h"
#include "log/scanner.h"

namespace {

using namespace turnscope;
using namespace turnscope::log;

void sign_headers(std::string& bytes) {
  for (std::size_t at = 0; at + kRecordHeaderBytes <= bytes.size(); at += kRecordAlignment) {
    std::uint32_t magic = 0;
    std::memcpy(&magic, bytes.data() + at, sizeof magic);
    if (magic != kRecordMagic) continue;
    const std::uint64_t sum = XXH3_64bits_withSeed(bytes.data() + at, 56, 0);
    std::memcpy(bytes.data() + at + 56, &sum, sizeof sum);
  }
}

std::string segment_bytes(std::string_view input, bool with_header, Position first) {
  if (!with_header) return std::string(input);
  SegmentHeader header;
  header.first = first;
  std::string bytes = encode_segment_header(header).substr(0, kSegmentDataOffset);
  return bytes.append(input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  set_log_level(LogLevel::error);
  const bool with_header = (data[0] & 1) != 0, two = (data[0] & 2) != 0;
  std::string input(reinterpret_cast<const char*>(data + 1), size - 1);
  if ((data[0] & 4) != 0) sign_headers(input);
  const std::string_view view(input);
  testing::ForgetfulFileSystem fs;
  (void)fs.make_directories("/log/cursors");
  const std::size_t half = two ? input.size() / 2 : input.size();
  const std::string first = segment_bytes(view.substr(0, half), with_header, 0);
  fs.overwrite("/log/" + segment_name(0), first);
  if (two) fs.overwrite("/log/" + segment_name(4), segment_bytes(view.substr(half), with_header, 4));
  fs.overwrite("/log/cursors/c", input.substr(0, 64));
  (void)decode_cursor(input);

  if (with_header) {
    auto file = fs.open("/log/" + segment_name(0), OpenMode::read).value();
    SegmentHeader header;
    std::uint64_t last = 0;
    (void)scan_segment(*file, header, first.size(), UINT64_MAX,
                       [&](const FoundRecord& r) {
                         if (payload_checksum(r.payload) != r.header.payload_checksum) std::abort();
                         if (r.offset < last) std::abort();
                         last = r.offset + 1;
                       },
                       {});
  }
  (void)verify(fs, "/log");
  Options options;
  options.directory = "/log";
  options.segment_bytes = 16u << 10;
  auto log = open_log(fs, system_clock(), options);
  if (!log) return 0;
  auto reader = (*log)->read(0);
  for (;;) {
    const Position before = reader->position();
    const auto record = reader->next();
    if (!record || !*record) break;
    if (reader->position() <= before) std::abort();  // progress
  }
  (void)(*log)->cursor("c");
  return 0;
}
