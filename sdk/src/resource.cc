#include "resource.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "encode.h"
#include "ids.h"
#include "turnscope/sdk/sdk.h"

namespace turnscope::sdk::detail {
namespace {

std::string random_uuid() {
  TraceId id = random_trace_id();
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x40);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  std::string s = id.hex();
  for (const std::size_t at : {8u, 13u, 18u, 23u}) s.insert(at, 1, '-');
  return s;
}

struct Resource {
  std::vector<std::pair<std::string, std::string>> text;
  std::int64_t pid = 0;
  void set(std::string_view key, std::string value) {
    if (value.empty()) return;
    auto it = std::find_if(text.begin(), text.end(), [&](const auto& a) { return a.first == key; });
    if (it == text.end())
      text.emplace_back(key, std::move(value));
    else
      it->second = std::move(value);
  }
};

std::string file_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

void detect(Resource& r) {
  utsname u{};
  if (uname(&u) == 0) {
    r.set("host.name", u.nodename);
    const std::string_view machine = u.machine;
    r.set("host.arch", machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : std::string(machine));
    r.set("os.version", u.release);
  }
  r.set("host.id", file_line("/etc/machine-id"));
  r.set("os.type", "linux");
  r.pid = getpid();
  std::error_code ignored;
  const auto exe = std::filesystem::read_symlink("/proc/self/exe", ignored);
  r.set("process.executable.name", exe.filename().string());
  r.set("process.executable.path", exe.string());
  r.set("process.runtime.name", "c++");
  r.set("service.instance.id", random_uuid());
}

}  // namespace

std::string encode_resource(const Config& config) {
  Resource r;
  r.set("telemetry.sdk.language", "cpp");
  r.set("telemetry.sdk.name", "turnscope");
  r.set("telemetry.sdk.version", std::string(version));
  r.set("service.name", std::string("unknown_service:") + program_invocation_short_name);
  if (config.detect_resource) detect(r);
  for (const auto& [key, value] : config.resource) r.set(key, value);
  r.set("service.name", config.service_name);

  Bytes message;
  for (const auto& [key, value] : r.text) append_attribute(message, tag_len(1), key, value, no_limit);
  const bool own_pid =
      std::any_of(r.text.begin(), r.text.end(), [](const auto& a) { return a.first == "process.pid"; });
  if (r.pid && !own_pid) append_attribute(message, tag_len(1), "process.pid", r.pid, no_limit);
  Bytes field;
  append_message(field, tag_len(1), message);
  return std::string(field.view());
}

}  // namespace turnscope::sdk::detail
