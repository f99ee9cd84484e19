#include "query/cost/usage_sums.h"

#include <array>

namespace turnscope::query {
namespace {

constexpr CallKey kCallKeys[] = {{"model", "toUInt32(c_model)"},
                                 {"provider", "toUInt32(c_provider)"},
                                 {"service", "service"},
                                 {"day", "toStartOfDay(start)", true},
                                 {"hour", "toStartOfHour(start)", true}};
constexpr Fragment kGroupNames[] = {"g0", "g1", "g2", "g3"};
constexpr Fragment kGroupAliases[] = {" AS g0, ", " AS g1, ", " AS g2, ", " AS g3, "};

struct SummedBucket {
  std::size_t price;  ///< PriceBucket
  Fragment tokens;    ///< of one call, exclusive
  Fragment bit;       ///< of c_used
  Fragment sum;       ///< " AS s…, "
  Fragment money;     ///< of a group
};
constexpr SummedBucket kSummedWhole[] = {
    {0, "c_t0", "toUInt16(c_t0 > 0)", "sum(c_t0) AS s0, ", "toInt128(s0) * c_p0"},
    {1, "tok_cache_read", "bitShiftLeft(toUInt16(tok_cache_read > 0), 1)", "sum(tok_cache_read) AS s1, ",
     " + toInt128(s1) * c_p1"},
    {2, "c_t2", "bitShiftLeft(toUInt16(c_t2 > 0), 2)", "sum(c_t2) AS s2, ", " + toInt128(s2) * c_p2"},
    {7, "c_t7", "bitShiftLeft(toUInt16(c_t7 > 0), 7)", "sum(c_t7) AS s7, ", " + toInt128(s7) * c_p7"},
    {8, "tok_reasoning", "bitShiftLeft(toUInt16(tok_reasoning > 0), 8)", "sum(tok_reasoning) AS s8, ",
     " + toInt128(s8) * c_p8"}};
constexpr SummedBucket kSummedParts[] = {
    {3, "c_t3", "bitShiftLeft(toUInt16(c_t3 > 0), 3)", "sum(c_t3) AS s3, ", " + toInt128(s3) * c_p3"},
    {4, "c_t4", "bitShiftLeft(toUInt16(c_t4 > 0), 4)", "sum(c_t4) AS s4, ", " + toInt128(s4) * c_p4"},
    {5, "c_t5", "bitShiftLeft(toUInt16(c_t5 > 0), 5)", "sum(c_t5) AS s5, ", " + toInt128(s5) * c_p5"},
    {6, "c_t6", "bitShiftLeft(toUInt16(c_t6 > 0), 6)", "sum(c_t6) AS s6, ", " + toInt128(s6) * c_p6"},
    {9, "c_t9", "bitShiftLeft(toUInt16(c_t9 > 0), 9)", "sum(c_t9) AS s9, ", " + toInt128(s9) * c_p9"},
    {10, "c_t10", "bitShiftLeft(toUInt16(c_t10 > 0), 10)", "sum(c_t10) AS s10, ",
     " + toInt128(s10) * c_p10"}};

template <typename F>
void each_summed(bool parts, F&& f) {
  for (const SummedBucket& b : kSummedWhole) f(b);
  if (!parts) return;
  for (const SummedBucket& b : kSummedParts) f(b);
}

/// Exclusive tokens of one call, as CostSql::columns() has them.
void exclusive_tokens(Sql& sql, bool parts) {
  if (parts)
    sql << ", tok_other['input_audio'] AS c_t5, tok_other['input_image'] AS c_t6, "
           "tok_other['cache_write_5m'] AS c_t3, tok_other['cache_write_1h'] AS c_t4, "
           "tok_other['output_audio'] AS c_t9, tok_other['output_image'] AS c_t10, "
           "tok_input - least(tok_input, c_t5 + c_t6) AS c_t0, "
           "tok_cache_write - least(tok_cache_write, c_t3 + c_t4) AS c_t2, "
           "tok_output - least(tok_output, c_t9 + c_t10) AS c_t7";
  else
    sql << ", tok_input AS c_t0, tok_cache_write AS c_t2, tok_output AS c_t7";
}

/// Sums of single calls that have the same price row and state.
void summed_groups(Sql& sql, const Caller& caller, TimeRange range, const CostSql& cost,
                   const std::vector<const CallKey*>& by, bool parts, bool duplicates) {
  sql << "WITH ";
  cost.row(sql);
  exclusive_tokens(sql, parts);
  sql << " SELECT ";
  for (std::size_t i = 0; i < by.size(); ++i) sql << by[i]->inner << kGroupAliases[i];
  sql << "toUInt32(c_row) AS r, ";
  bool first = true;
  each_summed(parts, [&](const SummedBucket& b) {
    sql << (first ? Fragment("") : Fragment(" + ")) << b.bit;
    first = false;
  });
  sql << " AS c_used, toUInt8(bitAnd(usage_known, 31) != 0"
      << (parts ? Fragment(" OR c_t3 + c_t4 + c_t5 + c_t6 + c_t9 + c_t10 > 0") : Fragment(""))
      << ") AS c_told, toUInt8(bitTest(usage_known, 8)) AS c_reported, count() AS n, sum(is_error) AS "
         "errors, uniqCombined64State(16)(cityHash64(trace_id)) AS seen, ";
  each_summed(parts, [&](const SummedBucket& b) { sql << b.sum; });
  if (parts)
    sql << "sum(tok_input) AS s_input, sum(tok_output) AS s_output, sum(tok_cache_write) AS s_write, ";
  else
    sql << "s0 AS s_input, s7 AS s_output, s2 AS s_write, ";
  // Rounded span by span: what does not divide.
  const auto left = cost.left_over();
  first = true;
  each_summed(parts, [&](const SummedBucket& b) {
    if (left[b.price].empty()) return;
    sql << (first ? Fragment("sum(intDiv(") : Fragment(" + ")) << b.tokens << " * arrayElement(";
    sql.u64s(left[b.price]) << ", c_row)";
    first = false;
  });
  sql << (first ? Fragment("toUInt64(0)") : Fragment(" + 500, 1000))")) << " AS s_rest, ";
  sql << "sum(reported_cost_nano) AS s_reported, max(bitOr(bitOr(bitOr(tok_input, tok_cache_read), "
         "bitOr(tok_cache_write, tok_output)), bitOr(tok_reasoning, "
         "bitShiftRight(abs(reported_cost_nano), 18)))) AS most, countIf(c_first = ";
  sql.u64(CostSql::kUnknown) << ") AS unknown, max(bitTest(usage_known, 11)) AS has_parts FROM calls FINAL "
                                "WHERE project = ";
  sql.u32(caller.project) << " AND start >= ";
  sql.time(range.from) << " AND start < ";
  sql.time(range.to) << " AND usage_role = 1";
  if (duplicates) {
    sql << " AND (trace_id, span_id) NOT IN (SELECT trace_id, span_id FROM duplicate_calls WHERE project = ";
    sql.u32(caller.project) << ")";
  }
  sql << " GROUP BY ";
  for (std::size_t i = 0; i < by.size(); ++i) sql << kGroupNames[i] << ", ";
  sql << "r, c_used, c_told, c_reported";
}

}  // namespace

const CallKey* find_call_key(std::string_view name) {
  for (const CallKey& k : kCallKeys)
    if (k.name == name) return &k;
  return nullptr;
}

void summed_usage(Sql& sql, const Caller& caller, TimeRange range, const CostSql& cost,
                  const std::vector<const CallKey*>& by, bool parts, bool duplicates, std::size_t limit) {
  constexpr Fragment kMoney = "toInt128(9223372036854775807)), toInt128(-9223372036854775807)))";
  sql << "SELECT ";
  for (std::size_t i = 0; i < by.size(); ++i) {
    if (by[i]->name == "model" || by[i]->name == "provider") {
      sql << "arrayElement(";
      sql.strs(by[i]->name == "model" ? cost.models() : cost.providers()) << ", " << kGroupNames[i] << ")";
    } else {
      sql << "toString(" << kGroupNames[i] << ")";
    }
    sql << " AS "
        << (i == 0   ? Fragment("k0, ")
            : i == 1 ? Fragment("k1, ")
            : i == 2 ? Fragment("k2, ")
                     : Fragment("k3, "));
  }
  sql << "sum(n) AS calls, sum(errors), uniqCombined64Merge(16)(seen), sum(s_input), sum(s_output), sum(s1), "
         "sum(s_write), "
         "sum(s8), toInt64(greatest(least(sum(c_cost), "
      << kMoney
      << " AS cost, sumIf(n, c_state = 3), sumIf(n, c_state = 2), sumIf(n, c_state = 1), sumIf(s_input + "
         "s_output + s1 + s_write + s8, c_state = 1), "
         "toInt64(greatest(least(sumIf(toInt128(s_reported), c_reported = 1), "
      << kMoney
      << ", sumIf(n, c_reported = 1), sumIf(n, c_reported = 1 AND c_state = 3), "
         "toInt64(greatest(least(sumIf(c_cost - toInt128(s_reported), c_reported = 1 AND c_state = 3), "
      << kMoney << ", toUInt64(max(most)), sum(unknown), toUInt8(max(has_parts)) FROM (WITH r AS c_row";
  cost.prices(sql, true);
  sql << " SELECT *, multiIf(c_told = 0, 0, c_mask = 0, 1, bitAnd(c_used, bitNot(c_mask)) = 0, 3, "
         "bitAnd(c_used, c_mask) = 0, 1, 2) AS c_state, if(c_state < 2, toInt128(0), ";
  each_summed(parts, [&](const SummedBucket& b) { sql << b.money; });
  sql << " + toInt128(s_rest)) AS c_cost FROM (";
  summed_groups(sql, caller, range, cost, by, parts, duplicates);
  sql << "))";
  for (std::size_t i = 0; i < by.size(); ++i)
    sql << (i == 0 ? Fragment(" GROUP BY ") : Fragment(", ")) << kGroupNames[i];
  sql << " ORDER BY ";
  for (std::size_t i = 0; i < by.size(); ++i)
    if (by[i]->time) sql << kGroupNames[i] << ", ";
  sql << "cost DESC, calls DESC";
  for (std::size_t i = 0; i < by.size(); ++i)
    sql << ", "
        << (i == 0   ? Fragment("k0")
            : i == 1 ? Fragment("k1")
            : i == 2 ? Fragment("k2")
                     : Fragment("k3"));
  sql << " LIMIT ";
  sql.u64(limit);
}

}  // namespace turnscope::query
