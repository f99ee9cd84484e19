// Helpers of the log's tests: a directory that goes away, a log with small segments, appends that wait for
// their answer.
#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/filesystem.h"
#include "log/log.h"

namespace turnscope::log::testing {

/// A fresh directory on the machine's disk, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "turnscope-log-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return join_path(path_, name); }

 private:
  std::string path_;
};

inline Options small_options(std::string directory) {
  Options o;
  o.directory = std::move(directory);
  o.segment_bytes = 64u << 10;
  o.max_bytes = 64u << 20;
  return o;
}

inline std::unique_ptr<Log> open_or_die(FileSystem& fs, Options options) {
  auto log = open_log(fs, system_clock(), std::move(options));
  if (!log) throw std::runtime_error("open_log: " + log.error().message);
  return std::move(*log);
}

/// Appends and waits for the answer.
inline Result<Position> append(Log& log, std::string bytes, RecordHead head = {}) {
  auto answer = std::make_shared<std::promise<Result<Position>>>();
  auto future = answer->get_future();
  log.append(head, Payload::of(std::move(bytes)),
             [answer](Result<Position> r) { answer->set_value(std::move(r)); });
  return future.get();
}

struct ReadRecord {
  Position position = 0;
  RecordHead head;
  std::string bytes;
  bool operator==(const ReadRecord& o) const { return position == o.position && bytes == o.bytes; }
};

/// Everything durable from `from` on.
inline std::vector<ReadRecord> read_all(Log& log, Position from = 0) {
  std::vector<ReadRecord> out;
  auto reader = log.read(from);
  for (;;) {
    auto record = reader->next();
    if (!record) {
      ADD_FAILURE() << record.error().message;
      return out;
    }
    if (!*record) return out;
    out.push_back({(*record)->position, (*record)->head, std::string((*record)->bytes)});
  }
}

/// A new one each run, or TURNSCOPE_TEST_SEED to see a run again; each test says which it had.
inline std::uint64_t seed() {
  const char* given = std::getenv("TURNSCOPE_TEST_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device{}();
}

/// Waits until `condition` holds (the janitor works on its own thread); false after five minutes (on a
/// machine that does much else, with a sanitizer).
template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

inline std::vector<std::string> segment_files(const std::string& directory) {
  std::vector<std::string> paths;
  const auto names = posix_filesystem().list(directory);
  for (const auto& name : *names) {
    if (name.ends_with(".seg")) paths.push_back(join_path(directory, name));
  }
  return paths;
}

}  // namespace turnscope::log::testing
