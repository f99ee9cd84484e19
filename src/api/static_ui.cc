#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include "api/embedded.h"
#include "api/handlers.h"

namespace turnscope::api {
namespace {

constexpr std::size_t kMaxFile = 64u << 20;

std::string_view content_type(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> types[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".json", "application/json"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".webmanifest", "application/manifest+json"},
      {".map", "application/json"},
      {".wasm", "application/wasm"}};
  for (const auto& [ending, type] : types)
    if (path.ends_with(ending)) return type;
  return "application/octet-stream";
}

/// Opens below the folder only: no "..", no link that leads out, no device (the kernel checks).
std::optional<std::string> read_below(const std::string& folder, std::string_view path) {
  const int root = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return std::nullopt;
  const std::string relative(path.substr(1));
  struct open_how how {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const int file = static_cast<int>(::syscall(SYS_openat2, root, relative.c_str(), &how, sizeof how));
  ::close(root);
  if (file < 0) return std::nullopt;
  struct stat info {};
  std::optional<std::string> out;
  if (::fstat(file, &info) == 0 && S_ISREG(info.st_mode) &&
      static_cast<std::size_t>(info.st_size) <= kMaxFile) {
    out.emplace(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t have = 0;
    while (have < out->size()) {
      const auto n = ::read(file, out->data() + have, out->size() - have);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    out->resize(have);
  }
  ::close(file);
  return out;
}

/// Vite's names carry a hash of the content ("index-PX8sp_Z3.js"): such a file never changes.
bool is_hashed(std::string_view path) {
  if (!path.starts_with("/assets/")) return false;
  const auto dot = path.rfind('.');
  const auto dash = path.rfind('-', dot);
  return dash != std::string_view::npos && dot != std::string_view::npos && dot - dash >= 8;
}

/// Names only: path segments that a browser of ours would ask for.
bool is_plain(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find("//") != std::string_view::npos) return false;
  if (path.find("/.") != std::string_view::npos) return false;
  return std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '.' || c == '-' || c == '_';
  });
}

constexpr std::string_view kNotBuilt =
    "<!doctype html><meta charset=\"utf-8\"><title>Turnscope</title><h1>Turnscope is running</h1><p>This "
    "program was built "
    "without its web UI. Build it with <code>./dev ui build</code> and <code>./dev build</code>, or serve a "
    "folder with "
    "<code>--set ui.dir=web/dist</code>.<p>The API is at <code>/api/v1</code> (described in "
    "<code>/api/v1/openapi.yaml</code>), and <code>turnscope traces list</code> shows the same in a "
    "terminal.";

/// Packed forms of built-in files, made once when first asked for.
const std::string& packed(const EmbeddedFile& file) {
  static std::mutex mutex;
  static std::map<const char*, std::string> made;
  const std::lock_guard lock(mutex);
  auto& text = made[file.path];
  if (text.empty()) text = gzip(file.bytes(), 9);
  return text;
}

}  // namespace

std::string gzip(std::string_view body, int level) {
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(::deflateBound(&stream, body.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = ::deflate(&stream, Z_FINISH);
  out.resize(code == Z_STREAM_END ? stream.total_out : 0);
  ::deflateEnd(&stream);
  return out;
}

StaticUi::StaticUi(std::string folder) : folder_(std::move(folder)) {}

Answer StaticUi::serve(std::string_view path, std::string_view if_none_match, bool gzip_accepted) const {
  Answer answer;
  const auto not_found = [] {
    return Answer{404, "not found\n", "text/plain; charset=utf-8", {{"cache-control", "no-store"}}, false};
  };
  if (!is_plain(path) && path.find('.') != std::string_view::npos) return not_found();
  const auto find = [](std::string_view name) -> const EmbeddedFile* {
    for (const auto& f : embedded_ui())
      if (name == f.path) return &f;
    return nullptr;
  };
  std::string_view name = path == "/" ? std::string_view("/index.html") : path;
  const EmbeddedFile* file = nullptr;
  std::optional<std::string> read;
  if (folder_.empty())
    file = is_plain(name) ? find(name) : nullptr;
  else if (is_plain(name))
    read = read_below(folder_, name);
  if (!file && !read) {
    // Routes of the page itself (/trace/…) have no dot in their last part; files have.
    if (name.substr(name.rfind('/')).find('.') != std::string_view::npos) return not_found();
    name = "/index.html";
    if (folder_.empty())
      file = find(name);
    else
      read = read_below(folder_, name);
  }
  if (!file && !read) {
    answer.status = path == "/" ? 200 : 404;
    answer.body = kNotBuilt;
    answer.content_type = "text/html; charset=utf-8";
    return answer;
  }
  const std::string_view bytes = file ? file->bytes() : std::string_view(*read);
  const auto tag = fmt::format("\"{:016x}\"", ::XXH3_64bits(bytes.data(), bytes.size()));
  answer.content_type = content_type(name);
  answer.headers.emplace_back("etag", tag);
  answer.headers.emplace_back("cache-control",
                              is_hashed(name) ? "public, max-age=31536000, immutable" : "no-cache");
  if (!if_none_match.empty() && (if_none_match.find(tag) != std::string_view::npos || if_none_match == "*")) {
    answer.status = 304;
    return answer;
  }
  const bool packable = answer.content_type.find("text/") == 0 ||
                        answer.content_type.find("json") != std::string::npos ||
                        answer.content_type.find("svg") != std::string::npos;
  if (file && gzip_accepted && packable && bytes.size() > 1'024) {
    answer.body = packed(*file);
    answer.headers.emplace_back("content-encoding", "gzip");
    answer.headers.emplace_back("vary", "accept-encoding");
  } else {
    answer.body = bytes;
  }
  return answer;
}

}  // namespace turnscope::api
