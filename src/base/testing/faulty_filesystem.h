// A file system that fails where a test says so, over any other one.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/filesystem.h"

namespace turnscope::testing {

enum class Operation { open, read, write, sync, truncate, allocate, rename, remove, sync_directory };

struct Fault {
  Operation operation = Operation::sync;
  int code = 5;                    ///< errno: EIO, ENOSPC, …
  std::string path_contains = {};  ///< only paths with this in them; empty: all
  int nth = 1;                     ///< the nth matching operation from now on fails
  bool permanent = false;          ///< and all after it
  std::size_t short_bytes = 0;     ///< a failing write first writes so many bytes
};

class FaultyFileSystem final : public FileSystem {
 public:
  explicit FaultyFileSystem(FileSystem& below) : below_(below) {}

  void inject(Fault fault);
  /// The disk is well again.
  void clear();
  /// Operations that failed by order since the start.
  int failures() const;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directories(const std::string& path) override { return below_.make_directories(path); }
  Result<std::vector<std::string>> list(const std::string& directory) const override {
    return below_.list(directory);
  }
  Status sync_directory(const std::string& directory) override;
  bool exists(const std::string& path) const override { return below_.exists(path); }
  Result<std::uint64_t> free_bytes(const std::string& directory) const override {
    return below_.free_bytes(directory);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override { return below_.lock(path); }

 private:
  class FaultyFile;
  /// The fault that hits this operation now, if any.
  std::optional<Fault> hit(Operation, const std::string& path);

  FileSystem& below_;
  mutable std::mutex mutex_;
  std::vector<Fault> faults_;
  int failures_ = 0;
};

}  // namespace turnscope::testing
