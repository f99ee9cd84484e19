// The distinct strings of one trace, each kept once; spans hold 4-byte numbers. Number 0 is the empty string.
#pragma once
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace turnscope::query {

class StringPool {
 public:
  StringPool() { texts_.push_back({}); }

  std::uint32_t intern(std::string_view text) {
    if (text.empty()) return 0;
    if (const auto it = ids_.find(text); it != ids_.end()) return it->second;
    auto* copy = static_cast<char*>(arena_->allocate(text.size(), 1));
    text.copy(copy, text.size());
    bytes_ += text.size() + 80;
    const auto id = static_cast<std::uint32_t>(texts_.size());
    texts_.emplace_back(copy, text.size());
    ids_.emplace(texts_.back(), id);
    return id;
  }
  std::string_view operator[](std::uint32_t id) const { return texts_[id]; }
  std::size_t bytes() const { return bytes_; }
  /// Forgets the look-up side once nothing will be added.
  void freeze() { ids_ = {}; }

 private:
  std::unique_ptr<std::pmr::monotonic_buffer_resource> arena_ =
      std::make_unique<std::pmr::monotonic_buffer_resource>();
  std::vector<std::string_view> texts_;
  std::unordered_map<std::string_view, std::uint32_t> ids_;
  std::size_t bytes_ = 0;
};

}  // namespace turnscope::query
