#include "base/filesystem.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace turnscope {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Result<std::size_t> read_at(void* buffer, std::size_t size, std::uint64_t offset) const override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n = ::pread(fd_.get(), static_cast<char*>(buffer) + done, size - done,
                                static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(system_error("read", path_, errno));
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Status write_at(std::span<const iovec> pieces, std::uint64_t offset) override {
    iovec part{};          // the rest of a piece that was written in part
    std::size_t next = 0;  // first piece not begun
    while (part.iov_len > 0 || next < pieces.size()) {
      ssize_t n = 0;
      if (part.iov_len > 0) {
        n = ::pwrite(fd_.get(), part.iov_base, part.iov_len, static_cast<off_t>(offset));
      } else {
        const auto count = std::min<std::size_t>(pieces.size() - next, IOV_MAX);
        n = ::pwritev(fd_.get(), pieces.data() + next, static_cast<int>(count), static_cast<off_t>(offset));
      }
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(system_error("write", path_, errno));
      offset += static_cast<std::uint64_t>(n);
      auto left = static_cast<std::size_t>(n);
      if (part.iov_len > 0) {
        part.iov_base = static_cast<char*>(part.iov_base) + left;
        part.iov_len -= left;
        if (left == 0) return fail(system_error("write", path_, ENOSPC));
        continue;
      }
      const std::size_t began = next;
      while (next < pieces.size() && left >= pieces[next].iov_len) left -= pieces[next++].iov_len;
      if (left > 0) {
        part = {static_cast<char*>(pieces[next].iov_base) + left, pieces[next].iov_len - left};
        ++next;
      }
      if (n == 0 && next == began) return fail(system_error("write", path_, ENOSPC));
    }
    return {};
  }

  Status sync_data() override {
    if (::fdatasync(fd_.get()) != 0) return fail(system_error("sync", path_, errno));
    return {};
  }
  Status truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0)
      return fail(system_error("truncate", path_, errno));
    return {};
  }
  Status allocate(std::uint64_t size) override {
    // Not posix_fallocate: that would write every block where the file system cannot reserve.
    int code = 0;
    do {
      code = ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
    } while (code == EINTR);
    if (code == 0 || code == EOPNOTSUPP || code == ENOSYS) return {};
    return fail(system_error("allocate", path_, code));
  }
  Result<std::uint64_t> size() const override {
    struct stat st {};
    if (::fstat(fd_.get(), &st) != 0) return fail(system_error("stat", path_, errno));
    return static_cast<std::uint64_t>(st.st_size);
  }
  void drop_cache() const override { ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED); }

 private:
  Descriptor fd_;
  std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int fd) : fd_(fd) {}

 private:
  Descriptor fd_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = O_CLOEXEC;
    if (mode == OpenMode::read) flags |= O_RDONLY;
    if (mode == OpenMode::write) flags |= O_RDWR;
    if (mode == OpenMode::create) flags |= O_RDWR | O_CREAT | O_TRUNC;
    const int fd = ::open(path.c_str(), flags, 0640);
    if (fd < 0) return fail(system_error("open", path, errno));
    return std::make_unique<PosixFile>(fd, path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return fail(system_error("rename", from + " to " + to, errno));
    return {};
  }
  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return fail(system_error("remove", path, errno));
    return {};
  }
  Status make_directories(const std::string& path) override {
    if (path.empty() || path == "." || path == "/") return {};
    struct stat st {};
    if (::stat(path.c_str(), &st) == 0) {
      return S_ISDIR(st.st_mode) ? Status{} : fail(system_error("make directory", path, ENOTDIR));
    }
    const std::string parent = parent_directory(path);
    if (parent != path) TS_TRY(make_directories(parent));
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST)
      return fail(system_error("make directory", path, errno));
    return sync_directory(parent);
  }
  Result<std::vector<std::string>> list(const std::string& directory) const override {
    std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), ::closedir);
    if (!dir) return fail(system_error("list", directory, errno));
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return fail(system_error("list", directory, errno));
    std::sort(names.begin(), names.end());
    return names;
  }
  Status sync_directory(const std::string& directory) override {
    Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return fail(system_error("open directory", directory, errno));
    if (::fsync(fd.get()) != 0) return fail(system_error("sync directory", directory, errno));
    return {};
  }
  bool exists(const std::string& path) const override { return ::access(path.c_str(), F_OK) == 0; }
  Result<std::uint64_t> free_bytes(const std::string& directory) const override {
    struct statvfs st {};
    if (::statvfs(directory.c_str(), &st) != 0) return fail(system_error("statvfs", directory, errno));
    return static_cast<std::uint64_t>(st.f_bavail) * st.f_frsize;
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (fd.get() < 0) return fail(system_error("open", path, errno));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return fail(system_error("lock", path, errno));
      char holder[32] = {};
      const ssize_t n = ::pread(fd.get(), holder, sizeof holder - 1, 0);
      std::string_view pid(holder, n > 0 ? static_cast<std::size_t>(n) : 0);
      while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.remove_suffix(1);
      return fail(ErrorKind::unavailable,
                  fmt::format("{} is held by {}; stop it or use another directory", path,
                              pid.empty() ? std::string("another process") : fmt::format("process {}", pid)));
    }
    // The process id is for people and error messages only; the lock is the kernel's and ends with the
    // process.
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd.get(), 0) == 0) {
      [[maybe_unused]] const auto n = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
    }
    return std::make_unique<PosixLock>(fd.release());
  }
};

}  // namespace

Status File::write_at(std::string_view bytes, std::uint64_t offset) {
  const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  return write_at(std::span(&piece, 1), offset);
}

Result<std::string> FileSystem::read_file(const std::string& path) {
  TS_ASSIGN(auto file, open(path, OpenMode::read));
  TS_ASSIGN(const std::uint64_t size, file->size());
  std::string bytes(size, '\0');
  TS_ASSIGN(const std::size_t n, file->read_at(bytes.data(), bytes.size(), 0));
  bytes.resize(n);
  return bytes;
}

Status FileSystem::replace_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  TS_ASSIGN(auto file, open(temporary, OpenMode::create));
  TS_TRY(file->write_at(bytes, 0));
  TS_TRY(file->sync_data());
  TS_TRY(rename(temporary, path));
  return sync_directory(parent_directory(path));
}

FileSystem& posix_filesystem() {
  static PosixFileSystem fs;
  return fs;
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

std::string parent_directory(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, std::max<std::size_t>(slash, 1)));
}

Error system_error(std::string_view operation, std::string_view path, int code) {
  std::string message =
      fmt::format("{} {}: {} (errno {})", operation, path, std::generic_category().message(code), code);
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return Error(ErrorKind::overloaded, std::move(message), std::chrono::seconds(1));
    case ENOENT:
      return Error(ErrorKind::not_found, std::move(message));
    case EACCES:
    case EPERM:
    case EROFS:
      return Error(ErrorKind::permission_denied, std::move(message));
    default:
      return Error(ErrorKind::io, std::move(message));
  }
}

}  // namespace turnscope
