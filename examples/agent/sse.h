// Server-sent events, as much of the format as the Messages API uses: event and data lines.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace turnscope::example {

class SseParser {
 public:
  /// Called with each whole event; returns false to stop.
  using OnEvent = std::function<bool(std::string_view event, std::string_view data)>;

  explicit SseParser(OnEvent on_event, std::size_t max_event_bytes = 4u << 20);
  /// Bytes as they come. False: an event is larger than the limit, or on_event said stop.
  bool feed(std::string_view bytes);

 private:
  bool take_line(std::string_view line);

  OnEvent on_event_;
  std::size_t max_event_bytes_;
  std::string line_, event_, data_;
  bool has_data_ = false;
};

}  // namespace turnscope::example
