#include "examples/agent/sse.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace turnscope::example {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Sse, events_are_the_same_however_the_bytes_are_cut) {
  const std::string stream =
      ": comment\nevent: a\ndata: one\ndata: two\n\ndata:three\r\n\r\nevent: empty\n\nevent: b\ndata: 4\n\n";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    std::vector<std::pair<std::string, std::string>> events;
    SseParser parser([&](std::string_view event, std::string_view data) {
      events.emplace_back(event, data);
      return true;
    });
    for (std::size_t at = 0; at < stream.size(); at += step)
      ASSERT_TRUE(parser.feed(std::string_view(stream).substr(at, step)));
    EXPECT_THAT(events, ElementsAre(Pair("a", "one\ntwo"), Pair("", "three"), Pair("b", "4")))
        << "step " << step;
  }
}

TEST(Sse, an_event_beyond_the_limit_stops_the_parser) {
  SseParser parser([](std::string_view, std::string_view) { return true; }, 100);
  EXPECT_TRUE(parser.feed("data: " + std::string(80, 'x') + "\n"));
  EXPECT_FALSE(parser.feed("data: " + std::string(80, 'x')));
}

}  // namespace
}  // namespace turnscope::example
