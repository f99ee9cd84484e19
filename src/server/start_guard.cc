#include "server/start_guard.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace turnscope::server {

Result<StartGuard> StartGuard::record_start(const std::string& directory, std::int64_t now) {
  const std::string file = directory + "/starts";
  std::vector<std::int64_t> recent;
  bool previous = false;
  {
    std::ifstream in(file);
    for (std::int64_t start = 0; in >> start;) {
      previous = true;
      // A clock that jumped must not make an old start look recent, nor a recent one count for ever.
      if (start <= now && now - start <= kWindowNanos) recent.push_back(start);
    }
  }
  std::ofstream out(file, std::ios::trunc);
  for (const auto start : recent) out << start << '\n';
  out << now << '\n';
  out.flush();
  if (!out) return fail(ErrorKind::io, fmt::format("cannot write {}; is the data directory writable?", file));
  return StartGuard(file, static_cast<int>(recent.size()), previous);
}

void StartGuard::mark_clean() { std::remove(file_.c_str()); }

}  // namespace turnscope::server
