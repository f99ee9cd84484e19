#include "base/named_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace turnscope {
namespace {

std::unexpected<Error> unreadable(const std::string& path, int code) {
  if (code == EISDIR)
    return fail(ErrorKind::invalid_argument, fmt::format("'{}' is a directory; name a file", path));
  return fail(code == ENOENT || code == ENOTDIR ? ErrorKind::not_found : ErrorKind::io,
              fmt::format("cannot read '{}': {}", path, std::strerror(code)));
}

class ReadOnly {
 public:
  explicit ReadOnly(int fd) : fd_(fd) {}
  ~ReadOnly() {
    if (fd_ >= 0) ::close(fd_);
  }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<std::string> read_named_file(const std::string& path, std::uint64_t most) {
  const ReadOnly file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return unreadable(path, errno);
  std::string text;
  constexpr std::size_t kPiece = 1u << 20;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    const auto n = ::read(file.get(), text.data() + before, kPiece);
    if (n < 0 && errno != EINTR) return unreadable(path, errno);
    text.resize(before + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n == 0) return text;
    if (text.size() > most)
      return fail(ErrorKind::too_large, fmt::format("'{}' is larger than {} KiB", path, most >> 10));
  }
}

}  // namespace turnscope
