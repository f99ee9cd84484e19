#include "server/exporter_keys.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "server/config_values.h"

namespace turnscope::server {
namespace {

using sinks::ExporterOptions;
using sinks::Policy;

template <typename T>
std::string map_yaml(const std::map<std::string, T>& map, auto&& show) {
  std::string out = "{";
  for (const auto& [k, v] : map) out += (out.size() > 1 ? ", " : "") + quote_yaml(k) + ": " + show(v);
  return out + "}";
}
std::string list_yaml(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const auto& item : list) out += (out.size() > 1 ? ", " : "") + quote_yaml(item);
  return out + "]";
}

/// One of some words.
template <typename E>
struct Word {
  std::string_view text;
  E value;
};
template <typename E>
Result<E> one_of(std::string_view text, std::span<const Word<E>> words) {
  std::string all;
  for (const auto& w : words) {
    if (w.text == text) return w.value;
    all += (all.empty() ? "" : ", ") + std::string(w.text);
  }
  return fail(ErrorKind::invalid_argument, fmt::format("\"{}\" is not one of {}", text, all));
}
template <typename E>
std::string word_of(E value, std::span<const Word<E>> words) {
  for (const auto& w : words)
    if (w.value == value) return std::string(w.text);
  return {};
}

constexpr Word<sinks::Protocol> kProtocols[] = {{"http", sinks::Protocol::http},
                                                {"grpc", sinks::Protocol::grpc}};
constexpr Word<sinks::Encoding> kEncodings[] = {{"protobuf", sinks::Encoding::protobuf},
                                                {"json", sinks::Encoding::json}};
constexpr Word<sinks::Compression> kCompressions[] = {{"none", sinks::Compression::none},
                                                      {"gzip", sinks::Compression::gzip},
                                                      {"zstd", sinks::Compression::zstd}};
constexpr Word<bool> kLarge[] = {{"whole", false}, {"linked", true}};
constexpr Word<bool> kContents[] = {{"keep", false}, {"strip", true}};
constexpr Word<sinks::SpanChanges::Dialect> kDialects[] = {
    {"as_is", sinks::SpanChanges::Dialect::as_is},
    {"openinference", sinks::SpanChanges::Dialect::openinference},
    {"semconv", sinks::SpanChanges::Dialect::semconv}};
constexpr Word<genai::Kind> kKinds[] = {{"agent", genai::Kind::agent},
                                        {"turn", genai::Kind::turn},
                                        {"llm", genai::Kind::llm},
                                        {"tool", genai::Kind::tool},
                                        {"retrieval", genai::Kind::retrieval},
                                        {"embedding", genai::Kind::embedding},
                                        {"chain", genai::Kind::chain},
                                        {"other", genai::Kind::other}};

using O = ExporterOptions;
template <typename Get>
ExporterKey text(std::string_view path, std::string_view help, Get field) {
  return {path, help,
          [field](O& o, std::string_view, std::string_view v) -> Status {
            field(o) = std::string(v);
            return {};
          },
          [field](const O& o) { return quote_yaml(field(o)); }};
}
template <typename Get>
ExporterKey flag(std::string_view path, std::string_view help, Get field) {
  return {path, help,
          [field](O& o, std::string_view, std::string_view v) -> Status {
            TS_ASSIGN(field(o), parse_flag(v));
            return {};
          },
          [field](const O& o) { return std::string(field(o) ? "true" : "false"); }};
}
template <typename Get>
ExporterKey bytes(std::string_view path, std::string_view help, Get field) {
  return {path, help,
          [field](O& o, std::string_view, std::string_view v) -> Status {
            TS_ASSIGN(field(o), parse_bytes(v));
            return {};
          },
          [field](const O& o) { return format_bytes(field(o)); }};
}
template <typename Get>
ExporterKey number(std::string_view path, std::string_view help, Get field) {
  return {path, help,
          [field](O& o, std::string_view, std::string_view v) -> Status {
            TS_ASSIGN(field(o), parse_count(v));
            return {};
          },
          [field](const O& o) { return std::to_string(field(o)); }};
}
template <typename Get>
ExporterKey duration(std::string_view path, std::string_view help, Get field) {
  return {path, help,
          [field](O& o, std::string_view, std::string_view v) -> Status {
            TS_ASSIGN(field(o), parse_duration(v));
            return {};
          },
          [field](const O& o) { return format_duration(field(o)); }};
}
template <typename E, std::size_t N, typename Get>
ExporterKey word(std::string_view path, std::string_view help, const Word<E> (&words)[N], Get field) {
  return {path, help,
          [field, &words](O& o, std::string_view, std::string_view v) -> Status {
            TS_ASSIGN(field(o), one_of<E>(v, words));
            return {};
          },
          [field, &words](const O& o) { return word_of<E>(field(o), words); }};
}
template <typename Get>
ExporterKey list(std::string_view path, std::string_view help, Get field) {
  return {path, help,
          [field](O& o, std::string_view, std::string_view v) -> Status {
            field(o) = split_list(v);
            return {};
          },
          [field](const O& o) { return list_yaml(field(o)); }};
}
template <typename Get>
ExporterKey map(std::string_view path, std::string_view help, Get field) {
  return {
      path, help,
      [field](O& o, std::string_view key, std::string_view v) -> Status {
        if (!key.empty()) field(o)[std::string(key)] = std::string(v);
        return {};
      },
      [field](const O& o) { return map_yaml(field(o), [](const std::string& v) { return quote_yaml(v); }); }};
}
template <typename Get>
ExporterKey maybe_flag(std::string_view path, std::string_view help, Get field) {
  return {path, help,
          [field](O& o, std::string_view, std::string_view v) -> Status {
            if (v == "any") {
              field(o).reset();
              return {};
            }
            TS_ASSIGN(field(o), parse_flag(v));
            return {};
          },
          [field](const O& o) {
            return std::string(!field(o) ? "any" : *field(o) ? "true" : "false");
          }};
}
#define FIELD(member) \
  [](auto& o) -> auto& { return o.member; }

ExporterKey signals() {
  return {"signals", "traces, logs, metrics: which of them.",
          [](O& o, std::string_view, std::string_view v) -> Status {
            o.traces = o.logs = o.metrics = false;
            for (const auto& s : split_list(v)) {
              if (s == "traces")
                o.traces = true;
              else if (s == "logs")
                o.logs = true;
              else if (s == "metrics")
                o.metrics = true;
              else
                return fail(ErrorKind::invalid_argument,
                            fmt::format("\"{}\" is not one of traces, logs, metrics", s));
            }
            return {};
          },
          [](const O& o) {
            std::vector<std::string> all;
            if (o.traces) all.emplace_back("traces");
            if (o.logs) all.emplace_back("logs");
            if (o.metrics) all.emplace_back("metrics");
            return list_yaml(all);
          }};
}

ExporterKey headers() {
  return {
      "headers.", "Sent with each request. Keys come from ${env:NAME} or ${file:PATH}; they are never shown.",
      [](O& o, std::string_view key, std::string_view v) -> Status {
        if (key.empty()) return {};
        std::string lower(key);
        for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        TS_ASSIGN(o.headers[lower], Secret::resolve(v));
        return {};
      },
      [](const O& o) { return map_yaml(o.headers, [](const Secret& s) { return quote_yaml(s.shown()); }); }};
}

ExporterKey kinds() {
  return {"match.kind", "agent, turn, llm, tool, retrieval, embedding, chain, other.",
          [](O& o, std::string_view, std::string_view v) -> Status {
            o.match.kind.clear();
            for (const auto& k : split_list(v)) {
              TS_ASSIGN(const auto kind, one_of<genai::Kind>(k, kKinds));
              o.match.kind.push_back(kind);
            }
            return {};
          },
          [](const O& o) {
            std::vector<std::string> all;
            for (const auto k : o.match.kind) all.push_back(word_of<genai::Kind>(k, kKinds));
            return list_yaml(all);
          }};
}

/// "0.50" → 500,000,000: money is exact.
Result<std::int64_t> parse_usd(std::string_view textual) {
  const auto bad = [&] {
    return fail(ErrorKind::invalid_argument, fmt::format("\"{}\" is not an amount such as 0.50", textual));
  };
  std::string_view whole = textual, part;
  if (const auto dot = textual.find('.'); dot != textual.npos) {
    whole = textual.substr(0, dot);
    part = textual.substr(dot + 1);
  }
  if (part.size() > 9 || whole.size() > 9 || (whole.empty() && part.empty())) return bad();
  std::string digits(whole);
  digits += part;
  digits.append(9 - part.size(), '0');
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (error != std::errc{} || end != digits.data() + digits.size() || n < 0) return bad();
  return n;
}

Result<double> parse_real(std::string_view v) {
  double d = 0;
  const auto [end, error] = std::from_chars(v.data(), v.data() + v.size(), d);
  if (error != std::errc{} || end != v.data() + v.size() || !std::isfinite(d))
    return fail(ErrorKind::invalid_argument, fmt::format("\"{}\" is not a number", v));
  return d;
}

}  // namespace

const std::vector<ExporterKey>& exporter_keys() {
  static const std::vector<ExporterKey> table = {
      text("name", "Names its cursor, its folder and its figures: a-z, 0-9, '-' and '_'.", FIELD(name)),
      flag("enabled", "Off: it sends nothing; its cursor stays and holds the log.", FIELD(enabled)),
      word("protocol", "http or grpc.", kProtocols, FIELD(protocol)),
      text("endpoint", "http(s)://host[:port][/path]; over http, /v1/traces and so on are appended.",
           FIELD(endpoint)),
      text("traces_url", "The whole URL for traces, where it is not endpoint + /v1/traces.",
           FIELD(traces_url)),
      text("logs_url", "The same for logs.", FIELD(logs_url)),
      text("metrics_url", "The same for metrics.", FIELD(metrics_url)),
      word("encoding", "protobuf or json (http only).", kEncodings, FIELD(encoding)),
      word("compression", "none, gzip or zstd (zstd: http only).", kCompressions, FIELD(compression)),
      signals(),
      headers(),
      text("tls.ca", "Authorities (PEM) instead of the system's.", FIELD(tls.ca)),
      text("tls.cert", "Certificate (PEM) that we show, for mutual TLS.", FIELD(tls.cert)),
      text("tls.key", "Its key (PEM).", FIELD(tls.key)),
      text("tls.server_name", "Name expected in the far side's certificate (grpc only).",
           FIELD(tls.server_name)),
      duration("timeout", "One request, from connecting to the whole answer.", FIELD(timeout)),
      number("concurrency", "Requests under way at a time.", FIELD(concurrency)),
      bytes("batch.bytes", "One request before compression.", FIELD(batch_bytes)),
      number("batch.items", "Spans, log records or points in one request.", FIELD(batch_items)),
      duration("batch.linger", "How long a span waits for company.", FIELD(linger)),
      duration("retry.first", "Pause after a first failure; it doubles.", FIELD(retry_first)),
      duration("retry.most", "Longest pause of our own; what the far side asks for is waited out.",
               FIELD(retry_most)),
      duration("drop_after",
               "Leave out what is older than this (0: never; a dead far side then in the end fills "
               "log.max_bytes).",
               FIELD(drop_after)),
      number("drop_above_percent", "Leave out the oldest when the log is so full (0: never).",
             FIELD(drop_above_percent)),
      bytes("dead_letter_bytes", "Room for what the far side refuses for good.", FIELD(dead_letter_bytes)),
      list("match.service", "Only these services; * at the end stands for anything.", FIELD(match.service)),
      kinds(),
      maybe_flag("match.error", "true: only failed spans; false: only others; any.", FIELD(match.error)),
      maybe_flag("match.sampled", "true: only spans whose W3C flag says sampled; false; any.",
                 FIELD(match.sampled)),
      map("match.attributes.", "Only spans that have all of these, themselves or in their resource.",
          FIELD(match.attributes)),
      map("match.without.", "No spans that have one of these.", FIELD(match.without)),
      flag("restricted", "Also spans and log records of the stricter tier (restricted.enabled).",
           FIELD(restricted)),
      word("content",
           "keep or strip: prompts, completions, tool arguments and results, and any text above 256 bytes.",
           kContents, FIELD(changes.strip_content)),
      flag("redact",
           "Redaction as in the section redact, of what this exporter sends, also while redact.enabled is "
           "false.",
           FIELD(redact)),
      word("large_values", "whole, or linked: what offload.above puts elsewhere leaves as preview and link.",
           kLarge, FIELD(link_large)),
      list("drop_attributes", "Attributes that do not leave; * at the end stands for anything.",
           FIELD(changes.drop_attributes)),
      map("rename_attributes.", "Attribute keys as the far side knows them.", FIELD(changes.rename)),
      map("resource.", "Resource attributes that are set.", FIELD(changes.add_resource)),
      word("dialect", "as_is, openinference or semconv: adds the facts of each span in that dialect's words.",
           kDialects, FIELD(changes.dialect)),
      flag("sampling.enabled", "Keep or drop whole traces (docs/sampling.md).", FIELD(sampling.enabled)),
      duration("sampling.idle", "A trace whose root ended is complete when nothing came for this long.",
               FIELD(sampling.idle)),
      duration("sampling.idle_open", "The same while its root has not come.", FIELD(sampling.idle_open)),
      number("sampling.max_traces", "Undecided traces at a time.", FIELD(sampling.max_traces)),
  };
  return table;
}

const std::vector<PolicyKey>& policy_keys() {
  const auto quoted = [](const std::string& v) { return quote_yaml(v); };
  static const std::vector<PolicyKey> table = {
      {"name", "For people.",
       [](Policy& p, auto, auto v) -> Status {
         p.name = std::string(v);
         return {};
       },
       [](const Policy& p) { return p.name.empty() ? std::string() : quote_yaml(p.name); }},
      {"error", "true: a span failed; false: none did.",
       [](Policy& p, auto, auto v) -> Status {
         TS_ASSIGN(p.error, parse_flag(v));
         return {};
       },
       [](const Policy& p) {
         return std::string(!p.error ? "" : *p.error ? "true" : "false");
       }},
      {"latency_above", "From the first start to the last end.",
       [](Policy& p, auto, auto v) -> Status {
         TS_ASSIGN(p.latency_above, parse_duration(v));
         return {};
       },
       [](const Policy& p) { return p.latency_above ? format_duration(*p.latency_above) : std::string(); }},
      {"cost_above_usd", "Cost of its model calls in US dollars, as 0.50.",
       [](Policy& p, auto, auto v) -> Status {
         TS_ASSIGN(p.cost_above_nano_usd, parse_usd(v));
         return {};
       },
       [](const Policy& p) {
         return p.cost_above_nano_usd ? fmt::format("{}.{:09}", *p.cost_above_nano_usd / 1'000'000'000,
                                                    *p.cost_above_nano_usd % 1'000'000'000)
                                      : std::string();
       }},
      {"tokens_above", "Tokens of its model calls.",
       [](Policy& p, auto, auto v) -> Status {
         TS_ASSIGN(p.tokens_above, parse_count(v));
         return {};
       },
       [](const Policy& p) { return p.tokens_above ? std::to_string(*p.tokens_above) : std::string(); }},
      {"score_below.", "Evaluation (gen_ai.evaluation.name, * at the end) and the score it lies under.",
       [](Policy& p, auto key, auto v) -> Status {
         TS_ASSIGN(p.score_below[std::string(key)], parse_real(v));
         return {};
       },
       [](const Policy& p) {
         return p.score_below.empty()
                    ? std::string()
                    : map_yaml(p.score_below, [](double d) { return fmt::format("{}", d); });
       }},
      {"tool", "One of these tools was called.",
       [](Policy& p, auto, auto v) -> Status {
         p.tool = split_list(v);
         return {};
       },
       [](const Policy& p) { return p.tool.empty() ? std::string() : list_yaml(p.tool); }},
      {"service", "One of these services took part.",
       [](Policy& p, auto, auto v) -> Status {
         p.service = split_list(v);
         return {};
       },
       [](const Policy& p) { return p.service.empty() ? std::string() : list_yaml(p.service); }},
      {"attributes.", "A span, or its resource, has all of these.",
       [](Policy& p, auto key, auto v) -> Status {
         p.attributes[std::string(key)] = std::string(v);
         return {};
       },
       [quoted](const Policy& p) {
         return p.attributes.empty() ? std::string() : map_yaml(p.attributes, quoted);
       }},
      {"keep_percent", "Share of the traces that meet the conditions; 0.1 is one in a thousand.",
       [](Policy& p, auto, auto v) -> Status {
         TS_ASSIGN(const double d, parse_real(v.ends_with('%') ? v.substr(0, v.size() - 1) : v));
         if (d < 0 || d > 100)
           return fail(ErrorKind::invalid_argument, fmt::format("{} is not from 0 to 100", d));
         p.keep_per_mille = static_cast<std::uint64_t>(std::llround(d * 10));
         return {};
       },
       [](const Policy& p) { return fmt::format("{}", static_cast<double>(p.keep_per_mille) / 10); }},
      {"budget_per_second", "Traces a second that this policy may keep; 0: no limit.",
       [](Policy& p, auto, auto v) -> Status {
         TS_ASSIGN(p.budget_per_second, parse_count(v));
         return {};
       },
       [](const Policy& p) { return std::to_string(p.budget_per_second); }},
  };
  return table;
}

}  // namespace turnscope::server
