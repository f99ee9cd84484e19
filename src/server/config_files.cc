#include "server/config_files.h"

#include <fmt/format.h>

#include <fstream>

#include "base/named_file.h"
#include "query/cost/price_book.h"

namespace turnscope::server {
namespace {

constexpr std::uint64_t kLargestPage = 1u << 20;

Status check_pem(const std::string& path) {
  if (path.empty()) return {};
  TS_ASSIGN(const auto text, read_named_file(path, sinks::kLargestPem));
  if (text.find("-----BEGIN ") == std::string::npos)
    return fail(ErrorKind::invalid_argument, fmt::format("'{}' holds nothing in PEM form", path));
  return {};
}

/// Without loading it: it is large, and leaves threads behind.
Status check_library(const std::string& path) {
  if (path.empty()) return {};
  constexpr std::string_view kElf =
      "\x7f"
      "ELF";
  std::ifstream in(path, std::ios::binary);
  std::string begin(kElf.size(), '\0');
  if (!in) return fail(ErrorKind::not_found, fmt::format("cannot read '{}'", path));
  if (!in.read(begin.data(), static_cast<std::streamsize>(begin.size())) || begin != kElf)
    return fail(ErrorKind::invalid_argument, fmt::format("'{}' is no shared library", path));
  return {};
}

}  // namespace

std::vector<std::string> check_files(const Config& c) {
  std::vector<std::string> problems;
  const auto look = [&](std::string_view key, const Status& done) {
    if (!done) problems.push_back(done.error().with_context(key).message);
  };
  if (c.store_enabled) {
    look("store.library", check_library(c.store_library));
    // It names its key itself.
    if (const auto prices = query::PriceBook::open("", c.prices_file); !prices)
      problems.push_back(prices.error().message);
  }
  if (c.offload_above != 0 && !c.offload_s3_endpoint.empty())
    look("offload.s3.ca", check_pem(c.offload_s3_ca));
  if (!c.ui_dir.empty())
    if (const auto page = read_named_file(c.ui_dir + "/index.html", kLargestPage); !page)
      look("ui.dir", fail(page.error()));
  for (std::size_t i = 0; i < c.exporters.size(); ++i) {
    const auto& o = c.exporters[i];
    if (!o.enabled) continue;
    look(fmt::format("exporters[{}].tls.ca", i), check_pem(o.tls.ca));
    look(fmt::format("exporters[{}].tls.cert", i), check_pem(o.tls.cert));
    look(fmt::format("exporters[{}].tls.key", i), check_pem(o.tls.key));
  }
  return problems;
}

}  // namespace turnscope::server
