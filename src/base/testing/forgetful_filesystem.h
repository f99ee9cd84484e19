// A file system in memory that knows what a power cut would leave. What was written is visible at once, as on
// a real one; what is durable is kept apart: file contents by sync_data(), names (creation, rename, removal)
// only by sync_directory(). after_power_cut() makes a new file system from the durable part, alone or with a
// random part of the rest. Stricter than ext4, which often makes names durable together with data: code that
// passes here needs no such luck.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/filesystem.h"

namespace turnscope::testing {

enum class PowerCut {
  forget_all,  ///< nothing that was not synced is left
  keep_some,   ///< of unsynced bytes a random set of 4 KB pages is left, one of them torn in the middle; of
               ///< unsynced directory changes a random number of the first ones
};

class ForgetfulFileSystem final : public FileSystem {
 public:
  ForgetfulFileSystem();
  ~ForgetfulFileSystem() override;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) const override;
  Status sync_directory(const std::string& directory) override;
  bool exists(const std::string& path) const override;
  Result<std::uint64_t> free_bytes(const std::string& directory) const override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  /// The file system that the next start would find if the power went now. This one goes on unharmed.
  std::unique_ptr<ForgetfulFileSystem> after_power_cut(PowerCut kind, std::uint64_t seed) const;

  /// Called before and after every operation that changes something, on the thread that does it, without a
  /// lock held.
  void set_hook(std::function<void()> hook);
  /// A disk of so many bytes: writes and allocations beyond it fail as on a full one.
  void set_capacity(std::uint64_t bytes);

  /// The bytes of a file, for tests that damage them: changes both what is visible and what is durable.
  std::string read(const std::string& path) const;
  void overwrite(const std::string& path, std::string bytes);

 private:
  struct Node;
  struct Change {
    std::string directory;
    std::string removed;  ///< name that goes, may be empty
    std::string added;    ///< name that comes, may be empty
    std::shared_ptr<Node> node;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  class OpenFile;
  class Lock;

  void hook() const;
  std::uint64_t used() const;
  static void apply(const Change&, Names&);

  mutable std::mutex mutex_;
  Names visible_, durable_;
  std::vector<Change> changes_;  ///< of names, not durable yet, oldest first
  std::set<std::string> directories_;
  std::shared_ptr<std::set<std::string>> locked_;
  std::uint64_t capacity_ = UINT64_MAX;
  std::function<void()> hook_;
};

}  // namespace turnscope::testing
