#include "base/secret.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

namespace turnscope {
namespace {

constexpr std::size_t kMaxSecretFile = 64u << 10;

Result<std::string> from_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::not_found, fmt::format("the file {} cannot be read", path));
  std::string text(kMaxSecretFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxSecretFile)
    return fail(ErrorKind::too_large, fmt::format("the file {} is larger than 64 KiB, no secret is", path));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Result<std::string> replaced(std::string_view reference) {
  const auto colon = reference.find(':');
  const std::string kind(reference.substr(0, colon));
  const std::string name(colon == reference.npos ? std::string_view{} : reference.substr(colon + 1));
  if (name.empty() || (kind != "env" && kind != "file"))
    return fail(ErrorKind::invalid_argument, "${...} must be ${env:NAME} or ${file:PATH}");
  if (kind == "file") return from_file(name);
  const char* value = std::getenv(name.c_str());
  if (value == nullptr)
    return fail(ErrorKind::not_found, fmt::format("the environment has no variable {}", name));
  return std::string(value);
}

}  // namespace

Result<Secret> Secret::resolve(std::string_view text) {
  Secret s;
  std::string shown;
  bool referred = false, plain = false;
  while (!text.empty()) {
    if (text.starts_with("${")) {
      const auto close = text.find('}');
      if (close == text.npos) return fail(ErrorKind::invalid_argument, "\"${\" without \"}\"");
      TS_ASSIGN(const std::string value, replaced(text.substr(2, close - 2)));
      s.value_ += value;
      shown += text.substr(0, close + 1);
      referred = true;
      text.remove_prefix(close + 1);
      plain = false;
      continue;
    }
    s.value_ += text.front();
    text.remove_prefix(1);
    if (!plain) shown += "***";
    plain = true;
  }
  if (referred) s.shown_ = shown;
  return s;
}

}  // namespace turnscope
