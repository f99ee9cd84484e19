#include "log/damage.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/anomaly.h"
#include "base/logger.h"

namespace turnscope::log {
namespace {

constexpr std::size_t kMaxMessages = 1000;
constexpr std::uint64_t kMaxKeptBytes = 256u
                                        << 20;  // a run that finds more damage than this keeps only its place

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

void DamageLedger::say(bool lost, std::string message) {
  if (lost) {
    log_error("log: {}", message);
  } else {
    log_warn("log: {}", message);
  }
  std::lock_guard lock(mutex_);
  if (messages_.size() < kMaxMessages) messages_.push_back(std::move(message));
}

void DamageLedger::damaged(const File& file, const std::string& path, const FoundDamage& damage) {
  {
    std::lock_guard lock(mutex_);
    if (!seen_.emplace(path, damage.offset).second) return;
  }
  count(Anomaly::log_corrupt_record, damage.records);
  if (!damage.has_header) count(Anomaly::log_bytes_skipped, damage.bytes);
  if (damage.bytes > 0) keep_aside(file, path, damage.offset, damage.bytes);
  say(true, fmt::format("{}: {}; lost records: {}, bytes kept in {}/damaged", path, damage.reason,
                        damage.records, directory_));
}

void DamageLedger::keep_aside(const File& file, const std::string& path, std::uint64_t offset,
                              std::uint64_t bytes) {
  {
    std::lock_guard lock(mutex_);
    if (kept_bytes_ + bytes > kMaxKeptBytes) return;
    kept_bytes_ += bytes;
  }
  const std::string folder = join_path(directory_, "damaged");
  if (!fs_.make_directories(folder)) return;
  auto copy =
      fs_.open(join_path(folder, fmt::format("{}-{}.bytes", base_name(path), offset)), OpenMode::create);
  if (!copy) return;
  std::string buffer(std::min<std::uint64_t>(bytes, 1u << 20), '\0');
  for (std::uint64_t done = 0; done < bytes;) {
    const auto n =
        file.read_at(buffer.data(), std::min<std::uint64_t>(buffer.size(), bytes - done), offset + done);
    if (!n || *n == 0) return;
    if (!(*copy)->write_at(std::string_view(buffer.data(), *n), done)) return;
    done += *n;
  }
}

void DamageLedger::torn(const File& file, const std::string& path, std::uint64_t offset, std::uint64_t bytes,
                        bool keep) {
  if (keep) keep_aside(file, path, offset, bytes);
  count(Anomaly::log_torn_tail, bytes);
  say(false,
      fmt::format("{}: cut at offset {}: {} bytes of a write that was under way when the process or machine "
                  "stopped; it was never acknowledged",
                  path, offset, bytes));
}

void DamageLedger::missing(Position from, Position to, const std::string& why) {
  count(Anomaly::log_segment_missing, to - from);
  say(true, fmt::format("records {} to {} are missing ({}): {} records lost", from, to - 1, why, to - from));
}

void DamageLedger::unusable_segment(const std::string& path, std::uint64_t bytes, const std::string& why) {
  count(Anomaly::log_bytes_skipped, bytes);
  const std::string folder = join_path(directory_, "damaged");
  const std::string target = join_path(folder, base_name(path));
  Status moved = fs_.make_directories(folder);
  if (moved) moved = fs_.rename(path, target);
  say(true, fmt::format("{}: {}; {} bytes set aside{}", path, why, bytes,
                        moved ? " as " + target : " in place: " + moved.error().message));
}

void DamageLedger::cursor_repaired(const std::string& message) {
  count(Anomaly::log_cursor_repaired);
  say(false, message);
}

std::vector<std::string> DamageLedger::messages() const {
  std::lock_guard lock(mutex_);
  return messages_;
}

}  // namespace turnscope::log
