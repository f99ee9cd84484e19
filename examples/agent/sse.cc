#include "examples/agent/sse.h"

namespace turnscope::example {

SseParser::SseParser(OnEvent on_event, std::size_t max_event_bytes)
    : on_event_(std::move(on_event)), max_event_bytes_(max_event_bytes) {}

bool SseParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    line_.append(bytes.substr(0, end));
    if (line_.size() + data_.size() > max_event_bytes_) return false;
    if (end == std::string_view::npos) return true;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    if (!take_line(line_)) return false;
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
  return true;
}

bool SseParser::take_line(std::string_view line) {
  if (line.empty()) {  // a blank line ends the event
    const bool more = !has_data_ || on_event_(event_, data_);
    event_.clear();
    data_.clear();
    has_data_ = false;
    return more;
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") event_ = value;
  if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
  return true;  // comments and other fields are ignored, as the format says
}

}  // namespace turnscope::example
