#include "turnscope/sdk/context.h"

#include <algorithm>

namespace turnscope::sdk {
namespace {

constinit thread_local ContextScope* innermost = nullptr;

template <std::size_t n>
std::string to_hex(const std::array<std::uint8_t, n>& bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string s(2 * n, '0');
  for (std::size_t i = 0; i < n; ++i) {
    s[2 * i] = digits[bytes[i] >> 4];
    s[2 * i + 1] = digits[bytes[i] & 15];
  }
  return s;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <std::size_t n>
bool parse_hex(std::string_view s, std::array<std::uint8_t, n>& out) {
  if (s.size() != 2 * n) return false;
  for (std::size_t i = 0; i < n; ++i) {
    const int high = digit(s[2 * i]), low = digit(s[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace

std::string TraceId::hex() const { return to_hex(bytes); }
std::string SpanId::hex() const { return to_hex(bytes); }
std::optional<TraceId> TraceId::from_hex(std::string_view s) {
  TraceId id;
  return parse_hex(s, id.bytes) && id.valid() ? std::optional(id) : std::nullopt;
}
std::optional<SpanId> SpanId::from_hex(std::string_view s) {
  SpanId id;
  return parse_hex(s, id.bytes) && id.valid() ? std::optional(id) : std::nullopt;
}

struct Context::Node {
  const void* key;
  std::shared_ptr<const void> value;
  std::shared_ptr<const Node> next;
};

const Context& Context::current() {
  static const Context& empty = *new Context;
  return innermost ? innermost->context_ : empty;
}

const void* Context::find(const void* key) const {
  for (const Node* n = values_.get(); n; n = n->next.get())
    if (n->key == key) return n->value.get();
  return nullptr;
}

Context Context::with_baggage(Baggage baggage) const {
  Context c = *this;
  c.baggage_ = std::move(baggage);
  return c;
}

Context Context::with_erased(const void* key, std::shared_ptr<const void> value) const {
  Context c = *this;
  c.values_ = std::make_shared<const Node>(Node{key, std::move(value), values_});
  return c;
}

ContextScope::ContextScope(Context context) : context_(std::move(context)), outer_(innermost) {
  innermost = this;
}

ContextScope::~ContextScope() {
  // Scopes that are destroyed out of order must not leave a pointer to a dead one behind.
  for (ContextScope** at = &innermost; *at; at = &(*at)->outer_)
    if (*at == this) {
      *at = outer_;
      return;
    }
}

const std::vector<Baggage::Entry>& Baggage::entries() const {
  static const auto& none = *new std::vector<Entry>;
  return entries_ ? *entries_ : none;
}

std::optional<std::string> Baggage::get(std::string_view key) const {
  for (const Entry& e : entries())
    if (e.key == key) return e.value;
  return std::nullopt;
}

Baggage Baggage::set(std::string_view key, std::string_view value, std::string_view metadata) const {
  auto list = std::make_shared<std::vector<Entry>>(entries());
  std::erase_if(*list, [&](const Entry& e) { return e.key == key; });
  if (!key.empty()) list->push_back({std::string(key), std::string(value), std::string(metadata)});
  Baggage b;
  b.entries_ = std::move(list);
  return b;
}

Baggage Baggage::erase(std::string_view key) const {
  auto list = std::make_shared<std::vector<Entry>>(entries());
  std::erase_if(*list, [&](const Entry& e) { return e.key == key; });
  Baggage b;
  if (!list->empty()) b.entries_ = std::move(list);
  return b;
}

}  // namespace turnscope::sdk
