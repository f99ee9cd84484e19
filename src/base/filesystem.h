// The seam at the disk: what the log and the cursors need of a file system and nothing more, so that tests
// can stand in a disk that forgets what was not synced (base/testing/forgetful_filesystem.h) or fails
// (faulty_filesystem.h). Errors: out of space is `overloaded` with a delay (it may pass), a file that is not
// there `not_found`, a lock that is held `unavailable`, everything else `io`. Every message names the
// operation, the path and the system's reason.
#pragma once
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace turnscope {

/// An open file. Reads and writes at given offsets may run in parallel from several threads.
class File {
 public:
  virtual ~File() = default;
  /// Reads up to `size` bytes at `offset`; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(void* buffer, std::size_t size, std::uint64_t offset) const = 0;
  /// Writes all pieces one after the other at `offset`, or fails (then any part of them may have been
  /// written).
  virtual Status write_at(std::span<const iovec> pieces, std::uint64_t offset) = 0;
  /// fdatasync: on return data, and the size that is needed to read it, survive a power cut. A failure is
  /// final for this file: a second call may succeed and mean nothing.
  virtual Status sync_data() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  /// Reserves space for [0, size) and makes the file at least that long; new bytes read as zeros. Success
  /// without effect where the file system cannot do it.
  virtual Status allocate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() const = 0;
  /// Asks the system to forget cached clean pages, so that the next read comes from the disk. Best effort.
  virtual void drop_cache() const {}

  Status write_at(std::string_view bytes, std::uint64_t offset);
};

/// Held until destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  read,    ///< must exist
  write,   ///< must exist; read and write
  create,  ///< read and write; emptied if it exists
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  /// Replaces `to` if it exists. Survives a power cut only after sync_directory().
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  /// Makes the directory and its parents; success if it is there. Syncs the parents of what it made.
  virtual Status make_directories(const std::string& path) = 0;
  /// Names (not paths) in the directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& directory) const = 0;
  virtual Status sync_directory(const std::string& directory) = 0;
  virtual bool exists(const std::string& path) const = 0;
  /// Bytes that an ordinary user may still write on the file system of `directory`.
  virtual Result<std::uint64_t> free_bytes(const std::string& directory) const = 0;
  /// Exclusive lock on `path` (created if absent) until the answer is destroyed or the process ends. Never
  /// waits: `unavailable`, naming the holder, if another process (or another caller in this one) has it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;

  Result<std::string> read_file(const std::string& path);
  /// Replaces `path` so that after a power cut it holds either the old or the new bytes: writes `path`.tmp,
  /// syncs it, renames, syncs the directory.
  Status replace_file(const std::string& path, std::string_view bytes);
};

/// The machine's file system.
FileSystem& posix_filesystem();

/// "a/b" and "c" → "a/b/c".
std::string join_path(std::string_view directory, std::string_view name);
/// The part before the last '/', "." if there is none.
std::string parent_directory(std::string_view path);

/// The Error for a system call that failed: "operation path: reason".
Error system_error(std::string_view operation, std::string_view path, int code);

}  // namespace turnscope
