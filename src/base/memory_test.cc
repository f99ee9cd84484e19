#include "base/memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

namespace turnscope {
namespace {

TEST(MemoryCeiling, the_boundary_is_exact_and_an_eighth_is_kept_back) {
  std::uint64_t resident = 500;
  MemoryCeiling ceiling(800, [&] { return resident; });  // 700 may be used
  EXPECT_TRUE(ceiling.room_for(199));
  EXPECT_TRUE(ceiling.room_for(200));
  EXPECT_FALSE(ceiling.room_for(201));
  EXPECT_FALSE(ceiling.room_for(UINT64_MAX));
  resident = 700;
  EXPECT_TRUE(ceiling.room_for(0));
  EXPECT_FALSE(ceiling.room_for(1));
  resident = 701;
  EXPECT_FALSE(ceiling.room_for(0));
  resident = UINT64_MAX;
  EXPECT_FALSE(ceiling.room_for(UINT64_MAX));
}

TEST(MemoryCeiling, what_is_resident_is_what_was_touched) {
  const auto before = resident_bytes();
  ASSERT_GT(before, 1u << 20);
  constexpr std::size_t size = 64u << 20;
  const auto block = std::make_unique<char[]>(size);
  std::memset(block.get(), 1, size);
  EXPECT_GE(resident_bytes(), before + size - (8u << 20));
  MemoryCeiling here(resident_bytes() * 2);
  EXPECT_TRUE(here.room_for(1u << 20));
  EXPECT_FALSE(here.room_for(here.bytes()));
}

}  // namespace
}  // namespace turnscope
