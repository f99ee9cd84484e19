// The search language: never crash, canonical text parses to itself, no byte of the input reaches the SQL.
#include <cstdlib>

#include "query/language/filter.h"
#include "query/time_range.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace turnscope::query;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_range(text.substr(0, size / 2), text.substr(size / 2), 1'795'000'000'000'000'000);
  const auto tree = parse_search(text);
  if (!tree) {
    if (tree.error().message.empty() || tree.error().position > size) std::abort();
    return 0;
  }
  if (*tree) {
    SearchLimits roomy;
    roomy.bytes = 1u << 20;
    roomy.depth = 200;
    const auto once = to_string(**tree);
    const auto again = parse_search(once, roomy);
    if (again && *again && to_string(**again) != once) std::abort();
  }
  for (const auto& probe : probes(tree->get(), 1))
    for (const char c : probe.sql.text())
      if (static_cast<unsigned char>(c) >= 0x80 || c == '"' || c == '\\' || c == ';') std::abort();
  const auto filter = to_filter(tree->get(), {});
  if (!filter) return 0;
  for (const char c : filter->predicate.text())
    if (static_cast<unsigned char>(c) >= 0x80 || c == '"' || c == '\\' || c == ';') std::abort();
  return 0;
}
