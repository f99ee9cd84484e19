// The corpora of the fuzz targets, replayed: a crash that was found once stays found.
#include <gtest/gtest.h>

#include "otlp/fuzz_targets.h"
#include "otlp/test_support.h"

namespace turnscope::otlp {
namespace {

std::size_t replay(std::string_view corpus, void (*target)(std::string_view)) {
  const char* root = std::getenv("TURNSCOPE_SOURCE_DIR");
  const auto folder = std::filesystem::path(root ? root : ".") / "tests/fuzz" / corpus;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    target(read_file(entry.path()));
    ++files;
  }
  return files;
}

TEST(FuzzCorpus, every_input_of_the_protobuf_corpus_holds) {
  EXPECT_GT(replay("otlp_protobuf", fuzz::protobuf), 20u);
}
TEST(FuzzCorpus, every_input_of_the_json_corpus_holds) { EXPECT_GT(replay("otlp_json", fuzz::json), 20u); }
TEST(FuzzCorpus, every_input_of_the_differential_corpus_holds) {
  EXPECT_GT(replay("otlp_differential", fuzz::differential), 20u);
}

}  // namespace
}  // namespace turnscope::otlp
