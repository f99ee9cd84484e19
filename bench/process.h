// What a process uses, from /proc.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace turnscope::bench {

struct ProcessUse {
  double cpu_seconds = 0;               ///< user + system, all threads
  std::uint64_t rss = 0, peak_rss = 0;  ///< bytes
};
std::optional<ProcessUse> process_use(pid_t pid);

std::uint64_t folder_bytes(const std::filesystem::path& folder);

/// "2 cores, Linux 6.1, 2026-11-22 18:00 UTC, load 0.3": what a figure must be read with.
std::string environment();

}  // namespace turnscope::bench
