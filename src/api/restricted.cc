#include "api/restricted.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "api/json_writer.h"

namespace turnscope::api {
namespace {
constexpr std::size_t kLongest = 2'000, kTail = 4u << 20;
}

Result<std::unique_ptr<AuditTrail>> AuditTrail::open(const std::string& file) {
  TS_TRY(posix_filesystem().make_directories(parent_directory(file)));
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return fail(system_error("open", file, errno));
  return std::unique_ptr<AuditTrail>(new AuditTrail(file, fd));
}

AuditTrail::~AuditTrail() { ::close(fd_); }

Status AuditTrail::write(std::int64_t unix_nano, const net::HttpRequest& r, bool allowed) {
  JsonWriter json;
  json.begin_object().key("time_unix_nano").text_of(unix_nano);
  json.field("peer", r.peer).field("reader", cut_text(r.header(kRestrictedReader), 200));
  json.field("method", cut_text(r.method, 20)).field("path", cut_text(r.path, kLongest));
  json.field("query", cut_text(r.query, kLongest)).field("allowed", allowed).end_object();
  const auto line = json.take() + "\n";
  const std::lock_guard lock(mutex_);
  for (std::size_t done = 0; done < line.size();) {
    const auto n = ::write(fd_, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(system_error("write", file_, errno));
    done += static_cast<std::size_t>(n);
  }
  if (::fdatasync(fd_) != 0) return fail(system_error("fdatasync", file_, errno));
  return {};
}

Result<std::vector<std::string>> AuditTrail::last(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  const auto size = ::lseek(fd_, 0, SEEK_END);
  if (size < 0) return fail(system_error("seek", file_, errno));
  const auto from = std::max<off_t>(0, size - static_cast<off_t>(kTail));
  std::string tail(static_cast<std::size_t>(size - from), '\0');
  const auto n = ::pread(fd_, tail.data(), tail.size(), from);
  if (n < 0) return fail(system_error("read", file_, errno));
  tail.resize(static_cast<std::size_t>(n));
  if (from != 0) tail.erase(0, tail.find('\n') + 1);
  std::vector<std::string> out;
  std::string_view rest = tail;
  while (rest.ends_with('\n') && out.size() < most) {
    rest.remove_suffix(1);
    const auto begin = rest.rfind('\n');
    const auto line = begin == rest.npos ? rest : rest.substr(begin + 1);
    if (!line.empty()) out.emplace_back(line);
    rest = begin == rest.npos ? std::string_view{} : rest.substr(0, begin + 1);
  }
  return out;
}

bool same_key(std::string_view given, const Secret& key) {
  if (key.empty()) return false;
  const auto digest = [](std::string_view s) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
    SHA256(reinterpret_cast<const unsigned char*>(s.data()), s.size(), out.data());
    return out;
  };
  const auto a = digest(given), b = digest(key.reveal());
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace turnscope::api
