// The request that benchmarks send: agent spans of about 1 KB, as they come from an instrumented agent.
#pragma once
#include <cstdint>
#include <protozero/pbf_writer.hpp>
#include <random>
#include <string>
#include <string_view>

namespace turnscope::otlp {

namespace bench_detail {
inline void attribute(protozero::pbf_writer& parent, std::uint32_t field, std::string_view key,
                      std::string_view text) {
  protozero::pbf_writer kv(parent, field);
  kv.add_string(1, key.data(), key.size());
  protozero::pbf_writer value(kv, 2);
  value.add_string(1, text.data(), text.size());
}
inline void attribute(protozero::pbf_writer& parent, std::uint32_t field, std::string_view key,
                      std::int64_t n) {
  protozero::pbf_writer kv(parent, field);
  kv.add_string(1, key.data(), key.size());
  protozero::pbf_writer value(kv, 2);
  value.add_int64(3, n);
}

}  // namespace bench_detail

/// Nine spans a trace: run, turns, completions with messages of 1,500 + 500 characters as events, tools.
inline std::string agent_request(std::size_t spans, std::uint64_t seed = 1) {
  using bench_detail::attribute;
  std::mt19937_64 rng(seed);
  const auto words = [&](std::size_t n) {
    std::string s;
    while (s.size() < n) {
      for (std::uint64_t i = 2 + rng() % 8; i > 0; --i) s.push_back(static_cast<char>('a' + rng() % 26));
      s.push_back(' ');
    }
    s.resize(n);
    return s;
  };
  std::string scope, group, out;
  {
    protozero::pbf_writer s(scope);
    for (std::size_t i = 0; i < spans; ++i) {
      protozero::pbf_writer span(s, 2);
      std::string trace(16, '\0'), id(8, '\0');
      for (char& c : trace) c = static_cast<char>(rng() | 1);
      for (char& c : id) c = static_cast<char>(rng() | 1);
      span.add_bytes(1, trace);
      span.add_bytes(2, id);
      span.add_bytes(4, id);
      const bool completion = i % 9 >= 4 && i % 9 <= 6;
      span.add_string(5, completion   ? "gen_ai.completion"
                         : i % 9 >= 7 ? "tool.execute.search_logs"
                                      : "agent.turn");
      span.add_enum(6, completion ? 3 : 1);
      span.add_fixed64(7, 1'760'000'000'000'000'000ull + i);
      span.add_fixed64(8, 1'760'000'000'100'000'000ull + i);
      attribute(span, 9, "agent.turn_number", static_cast<std::int64_t>(i % 3));
      attribute(span, 9, "session.id", "session-1234567890");
      if (completion) {
        attribute(span, 9, "gen_ai.operation.name", "chat");
        attribute(span, 9, "gen_ai.provider.name", "anthropic");
        attribute(span, 9, "gen_ai.request.model", "claude-sonnet-4-5");
        attribute(span, 9, "gen_ai.response.model", "claude-sonnet-4-5-20250929");
        attribute(span, 9, "gen_ai.usage.input_tokens", std::int64_t{1523});
        attribute(span, 9, "gen_ai.usage.output_tokens", std::int64_t{211});
        attribute(span, 9, "llm.cost.usd", "0.0123");
        for (const std::size_t n : {1500u, 500u}) {
          protozero::pbf_writer event(span, 11);
          event.add_fixed64(1, 1'760'000'000'050'000'000ull);
          event.add_string(2, n == 1500 ? "gen_ai.user.message" : "gen_ai.choice");
          attribute(event, 3, "content", words(n));
        }
      } else {
        attribute(span, 9, "tool.name", "search_logs");
        attribute(span, 9, "tool.arguments", words(200));
        attribute(span, 9, "tool.result_length", std::int64_t{512});
      }
    }
  }
  {
    protozero::pbf_writer g(group);
    {
      protozero::pbf_writer resource(g, 1);
      attribute(resource, 1, "service.name", "agent");
    }
    g.add_message(2, scope);
  }
  protozero::pbf_writer(out).add_message(1, group);
  return out;
}

}  // namespace turnscope::otlp
