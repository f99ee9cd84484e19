// Shared by the tests of this folder and of the receivers: the fixtures of tests/fixtures/otlp.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace turnscope::otlp {

inline std::filesystem::path fixture(std::string_view name) {
  const char* root = std::getenv("TURNSCOPE_SOURCE_DIR");
  return std::filesystem::path(root ? root : ".") / "tests/fixtures/otlp" / name;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// All fixtures whose name ends so, in a stable order.
inline std::vector<std::filesystem::path> fixture_files(std::string_view ending) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fixture("")))
    if (entry.is_regular_file() && entry.path().filename().string().ends_with(ending))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace turnscope::otlp
