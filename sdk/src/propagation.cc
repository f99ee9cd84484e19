// https://www.w3.org/TR/trace-context-1/ (with the random flag of level 2) and https://www.w3.org/TR/baggage/
#include "turnscope/sdk/propagation.h"

#include <algorithm>
#include <cctype>

#include "utf8.h"

namespace turnscope::sdk {
namespace {

constexpr std::size_t max_baggage_members = 64, max_baggage_bytes = 8192;

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trim(std::string_view s) {
  const auto from = s.find_first_not_of(" \t");
  if (from == s.npos) return {};
  return s.substr(from, s.find_last_not_of(" \t") - from + 1);
}

std::optional<std::uint8_t> hex_byte(std::string_view s) {
  unsigned v = 0;
  for (const char c : s.substr(0, 2)) {
    if (c >= '0' && c <= '9')
      v = v * 16 + static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f')
      v = v * 16 + static_cast<unsigned>(c - 'a' + 10);
    else
      return std::nullopt;
  }
  return static_cast<std::uint8_t>(v);
}

bool token_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
/// baggage-octet, without the per cent sign, which starts an escape.
bool plain_octet(char c) {
  return (c >= 0x21 && c <= 0x7E) && c != '"' && c != ',' && c != ';' && c != '\\' && c != '%';
}

std::string percent_encode(std::string_view s) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : s) {
    if (plain_octet(c)) {
      out += c;
    } else {
      const auto b = static_cast<std::uint8_t>(c);
      out += {'%', digits[b >> 4], digits[b & 15]};
    }
  }
  return out;
}

/// An escape that is none stays as it is; bytes that are no UTF-8 become U+FFFD (Baggage, "value").
std::string percent_decode(std::string_view s) {
  auto nibble = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '%' && i + 2 < s.size() && nibble(s[i + 1]) >= 0 && nibble(s[i + 2]) >= 0) {
      out += static_cast<char>(nibble(s[i + 1]) << 4 | nibble(s[i + 2]));
      i += 2;
    } else {
      out += s[i];
    }
  }
  return detail::is_utf8(out) ? out : detail::repaired_utf8(out);
}

template <class Map>
CarrierReader pair_reader(const Map& pairs) {
  return [&pairs](std::string_view name, const std::function<void(std::string_view)>& yield) {
    for (const auto& [key, value] : pairs)
      if (same_name(key, name)) yield(value);
  };
}

std::vector<std::string> values(const CarrierReader& carrier, std::string_view name) {
  std::vector<std::string> all;
  carrier(name, [&](std::string_view v) { all.emplace_back(v); });
  return all;
}

}  // namespace

std::optional<SpanContext> parse_traceparent(std::string_view value) {
  value = trim(value);
  if (value.size() < 55 || value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
  const auto version = hex_byte(value), flags = hex_byte(value.substr(53));
  if (!version || !flags || *version == 0xFF) return std::nullopt;
  // Version 00 ends here; a later one may go on after another dash.
  if (*version == 0 ? value.size() != 55 : value.size() > 55 && value[55] != '-') return std::nullopt;
  const auto trace = TraceId::from_hex(value.substr(3, 32));
  const auto span = SpanId::from_hex(value.substr(36, 16));
  if (!trace || !span) return std::nullopt;
  SpanContext c;
  c.trace_id = *trace;
  c.span_id = *span;
  // Of an unknown version only the sampled bit is known to mean what it means here.
  c.flags = static_cast<std::uint8_t>(
      *flags & (*version == 0 ? trace_flags::sampled | trace_flags::random : trace_flags::sampled));
  c.remote = true;
  return c;
}

std::string format_traceparent(const SpanContext& span) {
  const std::uint8_t flags = span.flags & (trace_flags::sampled | trace_flags::random);
  return "00-" + span.trace_id.hex() + "-" + span.span_id.hex() + "-0" + static_cast<char>('0' + flags);
}

Baggage parse_baggage(const std::vector<std::string_view>& headers) {
  Baggage baggage;
  std::size_t members = 0, bytes = 0;
  for (std::string_view header : headers) {
    bytes += header.size();
    if (bytes > max_baggage_bytes) break;
    while (!header.empty() && members < max_baggage_members) {
      const auto comma = header.find(',');
      const std::string_view member = header.substr(0, comma);
      header.remove_prefix(comma == header.npos ? header.size() : comma + 1);
      const auto semicolon = member.find(';');
      const std::string_view pair = member.substr(0, semicolon);
      const auto equals = pair.find('=');
      if (equals == pair.npos) continue;
      const std::string_view key = trim(pair.substr(0, equals)), value = trim(pair.substr(equals + 1));
      if (key.empty() || !std::all_of(key.begin(), key.end(), token_char)) continue;
      if (!std::all_of(value.begin(), value.end(), [](char c) { return plain_octet(c) || c == '%'; }))
        continue;
      baggage =
          baggage.set(key, percent_decode(value),
                      semicolon == member.npos ? std::string_view() : trim(member.substr(semicolon + 1)));
      ++members;
    }
  }
  return baggage;
}

std::string format_baggage(const Baggage& baggage) {
  std::string out;
  std::size_t members = 0;
  for (const Baggage::Entry& e : baggage.entries()) {
    if (e.key.empty() || !std::all_of(e.key.begin(), e.key.end(), token_char)) continue;
    std::string member = e.key + "=" + percent_encode(e.value);
    const bool clean = std::all_of(e.metadata.begin(), e.metadata.end(), [](char c) {
      return (plain_octet(c) || c == '%' || c == ';' || c == ' ');
    });
    if (!e.metadata.empty() && clean) member += ";" + e.metadata;
    if (members == max_baggage_members || out.size() + member.size() + 1 > max_baggage_bytes) continue;
    if (!out.empty()) out += ',';
    out += member;
    ++members;
  }
  return out;
}

Context extract(const CarrierReader& carrier, const Context& base, Propagators which) {
  Context context = base;
  if (which.trace_context) {
    const std::vector<std::string> parents = values(carrier, "traceparent");
    if (parents.size() == 1)
      if (auto span = parse_traceparent(parents[0])) {
        const std::vector<std::string> states = values(carrier, "tracestate");
        span->trace_state = TraceState::parse(std::vector<std::string_view>(states.begin(), states.end()));
        context = context.with_span(std::move(*span));
      }
  }
  if (which.baggage) {
    const std::vector<std::string> headers = values(carrier, "baggage");
    const Baggage baggage = parse_baggage(std::vector<std::string_view>(headers.begin(), headers.end()));
    if (!baggage.empty()) context = context.with_baggage(baggage);
  }
  return context;
}

void inject(const Context& context, const CarrierWriter& carrier, Propagators which) {
  if (which.trace_context && context.span().valid()) {
    carrier("traceparent", format_traceparent(context.span()));
    if (!context.span().trace_state.empty()) carrier("tracestate", context.span().trace_state.header());
  }
  if (which.baggage && !context.baggage().empty()) {
    const std::string header = format_baggage(context.baggage());
    if (!header.empty()) carrier("baggage", header);
  }
}

CarrierReader reader(const Headers& headers) { return pair_reader(headers); }
CarrierReader reader(const std::map<std::string, std::string>& attributes) { return pair_reader(attributes); }
CarrierReader reader(const std::multimap<std::string, std::string>& headers) { return pair_reader(headers); }

CarrierWriter writer(Headers& headers) {
  return [&headers](std::string_view name, std::string_view value) {
    std::erase_if(headers, [&](const auto& h) { return same_name(h.first, name); });
    headers.emplace_back(name, value);
  };
}
CarrierWriter writer(std::map<std::string, std::string>& attributes) {
  return [&attributes](std::string_view name, std::string_view value) {
    std::erase_if(attributes, [&](const auto& h) { return same_name(h.first, name); });
    attributes.insert_or_assign(std::string(name), std::string(value));
  };
}
CarrierWriter writer(std::multimap<std::string, std::string>& headers) {
  return [&headers](std::string_view name, std::string_view value) {
    std::erase_if(headers, [&](const auto& h) { return same_name(h.first, name); });
    headers.emplace(name, value);
  };
}

}  // namespace turnscope::sdk
