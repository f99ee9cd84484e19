#include "base/named_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace turnscope {
namespace {

TEST(NamedFile, is_read_whole_or_named_with_what_is_wrong) {
  const auto folder = testing::TempDir() + "named-file-" + std::to_string(::getpid());
  std::filesystem::create_directory(folder);
  const auto path = folder + "/f";
  const std::string text(3u << 20, 'x');
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(read_named_file(path, text.size()).value(), text);
  const auto larger = read_named_file(path, text.size() - 1024);
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().kind, ErrorKind::too_large);
  EXPECT_EQ(larger.error().message, "'" + path + "' is larger than 3071 KiB");
  const auto none = read_named_file(path + "-not", 1);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_EQ(none.error().message, "cannot read '" + path + "-not': No such file or directory");
  const auto directory = read_named_file(folder, 1);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(directory.error().message, "'" + folder + "' is a directory; name a file");
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(read_named_file(path, 1).value(), "");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace turnscope
