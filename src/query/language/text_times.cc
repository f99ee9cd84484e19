// Where words can be: the questions to `text_grams`, and what their answers say.
#include <algorithm>
#include <limits>

#include "query/language/filter.h"
#include "store/text_grams.h"

namespace turnscope::query {
namespace {

void collect_texts(const Node& n, std::uint32_t project, std::int64_t from, std::int64_t to,
                   std::vector<TextProbe>& out) {
  if (n.type == Node::Type::structure) return;  // its parts are answered before, each on its own
  for (const auto& child : n.children)
    if (child) collect_texts(*child, project, from, to, out);
  if (n.type != Node::Type::text) return;
  std::vector<std::uint32_t> bits;
  std::string_view rest = n.value;
  while (!rest.empty()) {  // the pieces between wildcards
    const auto end = n.quoted ? rest.size() : std::min(rest.find('*'), rest.size());
    const auto some = store::gram_bits(rest.substr(0, end));
    bits.insert(bits.end(), some.begin(), some.end());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (bits.empty()) return;
  TextProbe probe{&n, Sql("(SELECT min_start, max_start, toUInt64(0) FROM text_grams WHERE project = ")};
  auto& sql = probe.sql;
  sql.u32(project) << " AND max_start >= ";
  sql.time(from) << " AND min_start < ";
  sql.time(to);
  for (const auto bit : bits) {
    sql << " AND bitTest(reinterpretAsUInt8(substring(grams, ";
    sql.u64(bit / 8 + 1) << ", 1)), ";
    sql.u64(bit % 8) << ")";
  }
  sql << " ORDER BY max_start DESC LIMIT ";
  sql.u64(kTextTimesLimit) << ") UNION ALL (SELECT toDateTime64(0, 9, 'UTC'), toDateTime64(0, 9, 'UTC'), "
                              "if(count() = 0, 18446744073709551615, max(version)) FROM text_grams_since)";
  out.push_back(std::move(probe));
}

}  // namespace

std::vector<TextProbe> text_probes(const Node* tree, std::uint32_t project, std::int64_t from,
                                   std::int64_t to) {
  std::vector<TextProbe> out;
  if (tree) collect_texts(*tree, project, from, to, out);
  return out;
}

TextTimes TextTimes::of(std::vector<std::pair<std::int64_t, std::int64_t>> rows, std::uint64_t since) {
  TextTimes out;
  out.since = since;
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& row : rows) out.chunk_ends.push_back(row.second);
  const bool cut = rows.size() >= kTextTimesLimit;  // there may be more before the first
  std::sort(rows.begin(), rows.end());
  auto& joined = out.starts;
  for (const auto& row : rows) {
    // What lies between two chunks that nearly touch is looked through with them: each range costs two
    // comparisons a row.
    if (!joined.empty() && row.first - joined.back().second <= (row.second - row.first) / 8)
      joined.back().second = std::max(joined.back().second, row.second);
    else
      joined.push_back(row);
  }
  if (cut) joined.front().first = std::numeric_limits<std::int64_t>::min();
  return out;
}

TextTimes TextTimes::within(std::int64_t from, std::int64_t to) const {
  constexpr std::size_t kMost = 100;
  TextTimes out;
  out.since = since;
  out.chunk_ends = chunk_ends;
  for (const auto& range : starts)
    if (range.second >= from && range.first < to) out.starts.push_back(range);
  if (out.starts.size() > kMost) {
    const auto before = out.starts.size() - kMost;
    out.starts[before].first = std::numeric_limits<std::int64_t>::min();
    out.starts.erase(out.starts.begin(), out.starts.begin() + static_cast<std::ptrdiff_t>(before));
  }
  return out;
}

}  // namespace turnscope::query
