#include "query/cost/price_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <tuple>

namespace turnscope::query {
namespace {

constexpr std::string_view kColumns[] = {
    "provider",       "match",          "model",       "service_tier", "context_above", "valid_from",
    "valid_to",       "priority",       "region",      "input",        "cache_read",    "cache_write",
    "cache_write_5m", "cache_write_1h", "input_audio", "input_image",  "output",        "reasoning",
    "output_audio",   "output_image",   "source",      "date"};
constexpr std::size_t kRegion = 8, kFirstPrice = 9, kColumnCount = std::size(kColumns);

/// One line into cells; quotes as RFC 4180 has them. False at the end. `quoted`: the last quote is open.
bool next_row(std::string_view& text, std::vector<std::string>& cells, bool& quoted) {
  cells.clear();
  quoted = false;
  if (text.empty()) return false;
  std::string cell;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"')
        cell.push_back(c);
      else if (i + 1 < text.size() && text[i + 1] == '"')
        cell.push_back('"'), ++i;
      else
        quoted = false;
    } else if (c == '"' && cell.empty()) {
      quoted = true;
    } else if (c == ',') {
      cells.push_back(std::move(cell));
      cell.clear();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      cell.push_back(c);
    }
  }
  cells.push_back(std::move(cell));
  text.remove_prefix(std::min(text.size(), i + 1));
  return true;
}

std::string quote(const std::string& s) {
  if (s.find_first_of(",\"\n\r") == std::string::npos) return s;
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string trimmed(std::string s) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!s.empty() && space(s.back())) s.pop_back();
  std::size_t n = 0;
  while (n < s.size() && space(s[n])) ++n;
  return s.substr(n);
}
}  // namespace

Result<std::int64_t> price_from_dollars(std::string_view s) {
  std::int64_t whole = 0;
  const auto bad = [&] {
    return fail(
        ErrorKind::invalid_argument,
        fmt::format(
            "'{}' is not a price: write dollars a million tokens, like 3 or 0.0375 (at most 1000000, and 6 "
            "decimals)",
            s));
  };
  const std::size_t dot = s.find('.');
  const std::string_view left = s.substr(0, dot);
  if (left.empty() || left.size() > 7 || left.find_first_not_of("0123456789") != std::string_view::npos)
    return bad();
  for (const char c : left) whole = whole * 10 + (c - '0');
  whole *= 1'000'000;
  if (dot != std::string_view::npos) {
    const std::string_view right = s.substr(dot + 1);
    if (right.empty() || right.size() > 6 || right.find_first_not_of("0123456789") != std::string_view::npos)
      return bad();
    std::int64_t part = 0;
    for (std::size_t i = 0; i < 6; ++i) part = part * 10 + (i < right.size() ? right[i] - '0' : 0);
    whole += part;
  }
  if (whole > kHighestPrice) return bad();
  return whole;
}

std::string dollars_from_price(std::int64_t p) {
  std::string s = fmt::format("{}.{:06}", p / 1'000'000, p % 1'000'000);
  while (s.back() == '0') s.pop_back();
  if (s.back() == '.') s.pop_back();
  return s;
}

Result<std::int64_t> unix_nano_of_date(std::string_view s) {
  int y = 0;
  unsigned m = 0, d = 0;
  const auto number = [&](std::string_view part, auto& out) {
    const auto r = std::from_chars(part.data(), part.data() + part.size(), out);
    return r.ec == std::errc{} && r.ptr == part.data() + part.size();
  };
  if (s.size() == 10 && s[4] == '-' && s[7] == '-' && number(s.substr(0, 4), y) &&
      number(s.substr(5, 2), m) && number(s.substr(8, 2), d)) {
    const std::chrono::year_month_day day{std::chrono::year(y), std::chrono::month(m), std::chrono::day(d)};
    if (day.ok() && y >= 1970 && y < 2262)
      return std::chrono::sys_days(day).time_since_epoch().count() * 86'400'000'000'000ll;
  }
  return fail(ErrorKind::invalid_argument, fmt::format("'{}' is not a date; write YYYY-MM-DD (UTC)", s));
}

std::string date_of_unix_nano(std::int64_t t) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(t)))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

Result<std::vector<PriceRule>> read_price_csv(std::string_view text, PriceSource source) {
  std::vector<PriceRule> rules;
  std::map<std::tuple<PriceMatch, std::string, std::string, std::string, std::int64_t, std::int64_t>,
           std::size_t>
      by_key;
  std::vector<std::string> cells;
  std::array<int, kColumnCount> at;
  at.fill(-1);
  bool header = false, quoted = false;
  std::size_t columns = 0;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // as spreadsheets begin a file
  for (std::size_t line = 1; next_row(text, cells, quoted); ++line) {
    if (quoted)
      return fail(ErrorKind::invalid_argument,
                  fmt::format("prices, line {}: a quote that opens here is never closed", line));
    for (auto& c : cells) c = trimmed(std::move(c));
    if ((cells.size() == 1 && cells[0].empty()) || cells[0].starts_with('#')) continue;
    const auto wrong = [&](std::string_view column, std::string_view what) {
      return fail(ErrorKind::invalid_argument,
                  fmt::format("prices, line {}, column {}: {}", line, column, what));
    };
    if (!header) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto* c = std::find(std::begin(kColumns), std::end(kColumns), std::string_view(cells[i]));
        if (c == std::end(kColumns))
          return wrong(cells[i], fmt::format("is not known; columns are {}", fmt::join(kColumns, ", ")));
        at[static_cast<std::size_t>(c - std::begin(kColumns))] = static_cast<int>(i);
      }
      if (at[2] < 0) return wrong("model", "is missing in the header");
      header = true;
      columns = cells.size();
      continue;
    }
    for (std::size_t i = columns; i < cells.size(); ++i)
      if (!cells[i].empty())
        return fail(
            ErrorKind::invalid_argument,
            fmt::format("prices, line {}: '{}' stands behind the last of {} columns; quote a cell that "
                        "holds a comma",
                        line, cells[i], columns));
    const auto cell = [&](std::size_t column) -> std::string_view {
      return at[column] >= 0 && static_cast<std::size_t>(at[column]) < cells.size()
                 ? std::string_view(cells[static_cast<std::size_t>(at[column])])
                 : std::string_view{};
    };
    PriceRule r;
    r.source = source;
    r.provider = cell(0);
    if (const auto m = cell(1); m.empty() || m == "version")
      r.match = PriceMatch::version;
    else if (m == "exact")
      r.match = PriceMatch::exact;
    else if (m == "prefix")
      r.match = PriceMatch::prefix;
    else if (m == "regex")
      r.match = PriceMatch::regex;
    else
      return wrong("match", "must be exact, version, prefix or regex");
    r.model = r.match == PriceMatch::regex ? std::string(cell(2)) : canonical_model(cell(2));
    if (r.model.empty()) return wrong("model", "is empty");
    if (!cell(5).empty()) {
      const auto t = unix_nano_of_date(cell(5));
      if (!t) return wrong("valid_from", t.error().message);
      r.valid_from = *t;
    }
    if (!cell(6).empty()) {
      const auto t = unix_nano_of_date(cell(6));
      if (!t) return wrong("valid_to", t.error().message);
      r.valid_to = *t;
    }
    if (r.valid_from >= r.valid_to) return wrong("valid_to", "must be a day after valid_from");
    if (const auto p = cell(7); !p.empty()) {
      const auto x = std::from_chars(p.data(), p.data() + p.size(), r.priority);
      if (x.ec != std::errc{} || x.ptr != p.data() + p.size())
        return wrong("priority", "must be a whole number");
    }
    if (const auto region = cell(kRegion); !region.empty()) {
      auto name = canonical_region(region);
      if (!name) return wrong("region", name.error().message);
      r.region = std::move(*name);
    }
    PriceTier tier;
    tier.service_tier = canonical_service_tier(cell(3));
    if (const auto p = cell(4); !p.empty()) {
      const auto x = std::from_chars(p.data(), p.data() + p.size(), tier.context_above);
      if (x.ec != std::errc{} || x.ptr != p.data() + p.size())
        return wrong("context_above", "must be a whole number of tokens, like 200000");
    }
    for (std::size_t b = 0; b < kPriceBuckets; ++b) {
      if (cell(kFirstPrice + b).empty()) continue;
      const auto p = price_from_dollars(cell(kFirstPrice + b));
      if (!p) return wrong(kColumns[kFirstPrice + b], p.error().message);
      tier.prices[b] = *p;
    }
    r.origin = cell(kFirstPrice + kPriceBuckets);
    r.date = cell(kFirstPrice + kPriceBuckets + 1);
    const auto [it, fresh] =
        by_key.try_emplace({r.match, r.model, r.provider, r.region, r.valid_from, r.valid_to}, rules.size());
    const bool base = tier.service_tier.empty() && tier.context_above == 0;
    if (base && std::ranges::none_of(tier.prices, [](const auto& price) { return price.has_value(); }))
      return wrong("input", "the line has no price; fill in this or another column of prices");
    if (fresh) {
      if (!base) return wrong("service_tier", "the standard prices of a model must stand before its tiers");
      rules.push_back(std::move(r));
    } else if (base) {
      return wrong(
          "model",
          fmt::format("'{}' is priced twice for the same time; give the rows different dates or remove one",
                      r.model));
    }
    rules[it->second].tiers.push_back(std::move(tier));
  }
  return rules;
}

std::string write_price_csv(const std::vector<PriceRule>& rules) {
  // A column for regions only where there are some: files without stay readable by programs from before.
  const bool regions = std::ranges::any_of(rules, [](const PriceRule& r) { return !r.region.empty(); });
  std::string out;
  for (std::size_t i = 0; i < kColumnCount; ++i)
    if (i != kRegion || regions) out += fmt::format("{}{}", i == 0 ? "" : ",", kColumns[i]);
  out += "\n";
  for (const PriceRule& r : rules)
    for (const PriceTier& t : r.tiers) {
      out += fmt::format(
          "{},{},{},{},{},{},{},{}", quote(r.provider), name(r.match), quote(r.model), quote(t.service_tier),
          t.context_above ? std::to_string(t.context_above) : "",
          r.valid_from == std::numeric_limits<std::int64_t>::min() ? "" : date_of_unix_nano(r.valid_from),
          r.valid_to == std::numeric_limits<std::int64_t>::max() ? "" : date_of_unix_nano(r.valid_to),
          r.priority ? std::to_string(r.priority) : "");
      if (regions) out += "," + r.region;
      for (const auto& p : t.prices) out += "," + (p ? dollars_from_price(*p) : std::string());
      out += fmt::format(",{},{}\n", quote(r.origin), quote(r.date));
    }
  return out;
}

namespace {
constexpr std::string_view kBuiltin =
#include "query/cost/builtin_prices.inc"
    ;
}  // namespace

const std::vector<PriceRule>& builtin_prices() {
  // A snapshot that does not read is a defect of the build: the unit test reads it.
  static const std::vector<PriceRule> rules =
      read_price_csv(kBuiltin, PriceSource::builtin).value_or(std::vector<PriceRule>{});
  return rules;
}

std::string_view builtin_prices_date() {
  static const std::string date = [] {
    std::string latest;
    for (const auto& r : builtin_prices()) latest = std::max(latest, r.date);
    return latest;
  }();
  return date;
}

}  // namespace turnscope::query
