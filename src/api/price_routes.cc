// Prices: what they are, editing them, and the arithmetic of one call.
#include <fmt/format.h>

#include "api/handlers.h"
#include "api/render.h"
#include "otlp/decode.h"
#include "query/cost/price_book.h"

namespace turnscope::api {
namespace {

using query::PriceBucket;
using query::PriceRule;
using query::PriceTier;
using query::QueryAnswer;
using query::QueryError;

constexpr PriceBucket bucket(std::size_t b) { return static_cast<PriceBucket>(b); }

void write_prices(JsonWriter& json, const query::Prices& prices) {
  json.begin_object();
  for (std::size_t b = 0; b < query::kPriceBuckets; ++b)
    if (prices[b]) json.field(name(bucket(b)), query::dollars_from_price(*prices[b]));
  json.end_object();
}

void write_tier(JsonWriter& json, const PriceTier& tier) {
  json.begin_object()
      .text_or_null("service_tier", tier.service_tier)
      .field("context_above", tier.context_above);
  json.key("prices");
  write_prices(json, tier.prices);
  json.end_object();
}

void write_rule(JsonWriter& json, const PriceRule& rule) {
  json.begin_object()
      .field("match", name(rule.match))
      .field("model", rule.model)
      .text_or_null("provider", rule.provider)
      .text_or_null("region", rule.region);
  json.key("valid_from");
  if (rule.valid_from == std::numeric_limits<std::int64_t>::min())
    json.null();
  else
    json.value(query::date_of_unix_nano(rule.valid_from));
  json.key("valid_to");
  if (rule.valid_to == std::numeric_limits<std::int64_t>::max())
    json.null();
  else
    json.value(query::date_of_unix_nano(rule.valid_to));
  json.field("from", name(rule.source)).field("priority", rule.priority).text_or_null("source", rule.origin);
  json.text_or_null("date", rule.date).key("tiers").begin_array();
  for (const auto& tier : rule.tiers) write_tier(json, tier);
  json.end_array().end_object();
}

QueryAnswer<Answer> list(const ApiRequest& r) {
  const auto table = query::prices_in_use();
  auto limit = r.number("limit", 1, 20'000, 5'000);
  if (!limit) return std::unexpected(limit.error());
  JsonWriter json;
  json.begin_object().field("prices_date", query::builtin_prices_date()).key("rules").begin_array();
  std::size_t n = 0;
  const auto add = [&](const PriceRule& rule) {
    if (n++ < *limit) write_rule(json, rule);
  };
  for (const auto* narrower : {"provider", "region"})
    if (r.has(narrower) && !r.has("model"))
      return std::unexpected(QueryError(
          ErrorKind::invalid_argument,
          fmt::format("{}= narrows the rules of a model; give model= beside it", narrower), narrower));
  if (r.has("model")) {
    const auto model = r.parameter("model"), provider = r.parameter("provider");
    std::string region(r.parameter("region"));
    if (!region.empty()) {
      auto known = query::canonical_region(region);
      if (!known)
        return std::unexpected(
            QueryError(ErrorKind::invalid_argument, "region= " + known.error().message, "region"));
      region = std::move(*known);
    }
    const auto rules = r.has("region")
                           ? table->rules_for({.model = model, .provider = provider, .region = region})
                           : table->rules_of(model, provider);
    for (const auto* rule : *rules) add(*rule);
  } else {
    for (const auto& rule : table->rules()) add(rule);
  }
  json.end_array().field("more", n > *limit).end_object();
  return answer(json);
}

QueryAnswer<query::PriceBook*> book(const Context& context) {
  if (!context.dependencies.prices)
    return std::unexpected(
        QueryError(ErrorKind::unavailable, "this server has no price book; prices cannot be edited here"));
  return context.dependencies.prices;
}

QueryAnswer<Answer> set(const Context& context, const ApiRequest& r) {
  auto prices = book(context);
  if (!prices) return std::unexpected(prices.error());
  auto rules = query::read_price_csv(r.http->body, query::PriceSource::user);
  if (!rules) return std::unexpected(QueryError(rules.error()));
  const std::uint64_t count = rules->size();
  if (count == 0)
    return std::unexpected(QueryError(ErrorKind::invalid_argument,
                                      "the body holds no price rule; send CSV as docs/prices.md has it"));
  if (const auto done = (*prices)->set(std::move(*rules)); !done)
    return std::unexpected(QueryError(done.error()));
  JsonWriter json;
  json.begin_object().field("rules", count).end_object();
  return answer(json);
}

QueryAnswer<Answer> import(const Context& context, const ApiRequest& r) {
  auto prices = book(context);
  if (!prices) return std::unexpected(prices.error());
  const auto done = (*prices)->import(r.http->body, query::date_of_unix_nano(r.now));
  if (!done) return std::unexpected(QueryError(done.error()));
  JsonWriter json;
  json.begin_object()
      .field("models", std::uint64_t{done->models})
      .field("rules", std::uint64_t{done->rules.size()});
  json.field("without_token_prices", std::uint64_t{done->without_token_prices}).key("reported").begin_array();
  for (const auto& line : done->reported) json.value(line);
  json.end_array().end_object();
  return answer(json);
}

/// Nano-dollars with three decimals: what one bucket costs before the sum is rounded.
std::string exact_nano(std::uint64_t tokens, std::int64_t price) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(tokens) * static_cast<Wide>(std::max<std::int64_t>(price, 0));
  const auto whole = static_cast<std::uint64_t>(std::min<Wide>(product / 1000, UINT64_MAX));
  return fmt::format("{}.{:03}", whole, static_cast<unsigned>(product % 1000));
}

QueryAnswer<Answer> explain(Context& context, const ApiRequest& r) {
  auto trace_id = r.trace_id("trace_id");
  if (!trace_id) return std::unexpected(trace_id.error());
  auto span_id = r.span_id("span_id");
  if (!span_id) return std::unexpected(span_id.error());
  const auto trace = context.queries->trace(r.caller, *trace_id);
  if (!trace) return std::unexpected(QueryError(trace.error()));
  const auto row = (*trace)->find(*span_id);
  if (row == query::kNone)
    return std::unexpected(QueryError(ErrorKind::not_found, "the trace has no such span"));
  const auto& s = (*trace)->spans()[row];
  const auto text = [&](std::uint32_t id) { return (*trace)->text(id); };
  const auto table = query::prices_in_use();
  const auto tokens = s.usage.buckets();
  query::PricedCall call;
  if (s.usage_role == 1) call = table->price(tokens, (*trace)->priced_by(s), s.start);
  const bool priced = call.state == query::PriceState::priced || call.state == query::PriceState::partly;

  JsonWriter json;
  json.begin_object().field("trace_id", otlp::hex(*trace_id)).field("span_id", hex_id(*span_id));
  json.text_or_null("model", text(s.model)).text_or_null("provider", text(s.provider));
  json.text_or_null("service_tier", text(s.service_tier)).text_or_null("region", text(s.region));
  json.key("start_unix_nano").text_of(s.start);
  static constexpr std::string_view roles[] = {"none", "own", "aggregate", "duplicate"};
  static constexpr std::string_view bases[] = {"none", "known", "proven", "assumed"};
  json.field("role", roles[std::min<std::uint8_t>(s.usage_role, 3)])
      .field("basis", bases[std::min<std::uint8_t>(s.usage_basis, 3)]);
  json.field("state", name(call.state)).key("nano_usd");
  if (priced)
    json.value(call.nano_usd);
  else
    json.null();
  json.key("reported_nano_usd");
  if (s.has_reported_cost)
    json.value(s.reported_cost);
  else
    json.null();
  json.key("difference_nano_usd");
  if (s.has_reported_cost && call.state == query::PriceState::priced)
    json.value(call.nano_usd - s.reported_cost);
  else
    json.null();
  json.field("total_input_tokens", tokens.all_input()).key("rule");
  if (call.rule)
    write_rule(json, *call.rule);
  else
    json.null();
  json.key("tier");
  if (call.tier)
    write_tier(json, *call.tier);
  else
    json.null();
  json.key("buckets").begin_array();
  std::string arithmetic;
  for (std::size_t b = 0; b < query::kPriceBuckets; ++b) {
    if (!(tokens.known >> b & 1)) continue;
    const auto n = tokens.tokens[b];
    json.begin_object().field("bucket", name(bucket(b))).field("tokens", n).key("dollars_per_million");
    const auto price = call.prices[b];
    if (price)
      json.value(query::dollars_from_price(*price));
    else
      json.null();
    json.key("nano_usd");
    if (price)
      json.value(exact_nano(n, *price));
    else
      json.null();
    json.end_object();
    if (n == 0) continue;
    arithmetic +=
        fmt::format("{}{} {} × {}", arithmetic.empty() ? "" : " + ", n, name(bucket(b)),
                    price ? "$" + query::dollars_from_price(*price) + "/M" : std::string("no price"));
  }
  json.end_array();
  if (arithmetic.empty()) arithmetic = s.usage_role == 1 ? "no tokens were told" : "this span owns no usage";
  if (priced) arithmetic += fmt::format(" = {} nano-dollars", call.nano_usd);
  json.field("arithmetic", arithmetic).end_object();
  return answer(json);
}

}  // namespace

void add_price_routes(Router& router, Context& context) {
  router.add({"GET", "/api/v1/prices", [](const ApiRequest& r) { return list(r); }, false});
  router.add({"POST", "/api/v1/prices", [&context](const ApiRequest& r) { return set(context, r); }, false});
  router.add({"POST", "/api/v1/prices/import", [&context](const ApiRequest& r) { return import(context, r); },
              false});
  router.add({"GET", "/api/v1/traces/{trace_id}/spans/{span_id}/cost",
              [&context](const ApiRequest& r) { return explain(context, r); }, false});
}

}  // namespace turnscope::api
