// The corpora in the ordinary test run: every file through its fuzz target, without libFuzzer. A crash that
// was found once stays found.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s FOLDER LEAST-FILES\n", argv[0]);
    return 2;
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    // The last line before a crash names the file.
    std::printf("%s\n", entry.path().filename().c_str());
    std::fflush(stdout);
    // In memory of exactly its size, so that a sanitizer sees a read beyond it.
    const std::string exact(bytes.data(), bytes.size());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(exact.data()), exact.size());
    ++files;
  }
  std::printf("%zu inputs\n", files);
  return files >= std::stoul(argv[2]) ? 0 : 1;
}
