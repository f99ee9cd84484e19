// Query strings of Jaeger's search and time ranges: never crash, never give SQL a byte of theirs.
#include <cstdlib>

#include "api/jaeger.h"
#include "net/http_server.h"
#include "query/language/filter.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace turnscope;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parameters = net::parse_query(text);
  if (!parameters) return 0;
  const auto search = api::parse_jaeger_search(*parameters, 1'795'000'000'000'000'000);
  if (!search) return 0;
  if (search->request.range.from >= search->request.range.to) std::abort();
  const auto tree = query::parse_search(search->request.q);
  if (!tree) return 0;
  const auto filter = query::to_filter(tree->get(), {});
  if (!filter) return 0;
  for (const char c : filter->predicate.text())
    if (static_cast<unsigned char>(c) >= 0x80 || c == '"' || c == '\\' || c == ';') std::abort();
  return 0;
}
