#include "process.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace turnscope::bench {

std::optional<ProcessUse> process_use(pid_t pid) {
  ProcessUse use;
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  const auto at = text.rfind(')');
  if (at == text.npos) return std::nullopt;
  std::istringstream in(text.substr(at + 2));
  std::string word;
  for (int i = 3; i < 14; ++i) in >> word;  // fields 3 to 13
  std::uint64_t user = 0, system = 0;
  in >> user >> system;
  use.cpu_seconds = static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  while (status >> word) {
    std::uint64_t kb = 0;
    if (word == "VmRSS:" && status >> kb) use.rss = kb * 1024;
    if (word == "VmHWM:" && status >> kb) use.peak_rss = kb * 1024;
  }
  return use;
}

std::uint64_t folder_bytes(const std::filesystem::path& folder) {
  std::uint64_t sum = 0;
  std::error_code ec;
  for (auto it = std::filesystem::recursive_directory_iterator(
           folder, std::filesystem::directory_options::skip_permission_denied, ec);
       !ec && it != std::filesystem::recursive_directory_iterator(); it.increment(ec)) {
    std::error_code gone;
    if (it->is_regular_file(gone) && it->hard_link_count(gone) == 1) sum += it->file_size(gone);
  }
  return sum;
}

std::string environment() {
  utsname u{};
  uname(&u);
  double load = 0;
  std::ifstream("/proc/loadavg") >> load;
  return fmt::format("{} cores, {} {}, {:%Y-%m-%d %H:%M} UTC, load {:.1f}",
                     std::thread::hardware_concurrency(), u.sysname, u.release,
                     fmt::gmtime(std::time(nullptr)), load);
}

}  // namespace turnscope::bench
