// Any text with a secret planted in it, as it is, in JSON at any depth, and with its characters as escapes:
// valid UTF-8 comes out, JSON stays JSON, and the secret does not come out. Corpus: tests/fuzz/redact.
#include <boost/json.hpp>
#include <cstdlib>
#include <string>

#include "otlp/text.h"
#include "pipeline/json_escape.h"
#include "pipeline/redactor.h"

using namespace turnscope;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto redactor = [] {
    pipeline::RedactOptions o;
    o.names = "Alice Johnson\nJürgen Müller\n";
    o.patterns = {{"staff", "EMP-[0-9]{6}", pipeline::Action::mask}};
    return std::move(*pipeline::Redactor::make(o));
  }();
  if (size < 4) return 0;
  const unsigned how = data[0], place = data[1], levels = data[2] % 4u;
  std::string text(reinterpret_cast<const char*>(data) + 3, size - 3);
  if (!otlp::valid_utf8(text)) {
    std::string repaired;
    otlp::repair_utf8(text, repaired);
    text = repaired;
  }
  // What comes in, comes out as UTF-8, whatever it is.
  const auto redacted = [&](std::string_view in) {
    std::string out;
    pipeline::FoundCounts found{};
    if (!redactor->redact(in, "", redactor->usual(), out, found)) out = std::string(in);
    if (!otlp::valid_utf8(out)) std::abort();
    return out;
  };
  (void)redacted(text);

  constexpr std::string_view kSecret = "sk-proj-Zq81mNcV0aLw93KdPlant01Zq81mNcV0aLw93Kd";
  constexpr std::string_view kCore = "mNcV0aLw93KdPlant01";
  std::string secret(kSecret);
  if (how & 1) {  // some of its characters as JSON escapes
    std::string escaped;
    for (std::size_t i = 0; i < kSecret.size(); ++i) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\u%04x", static_cast<unsigned>(kSecret[i]));
      escaped += (how >> (1 + i % 7)) & 1 ? std::string(hex) : std::string(1, kSecret[i]);
    }
    secret = escaped;
  }
  // Between spaces, so that it begins and ends where it can be seen to.
  std::size_t at = text.empty() ? 0 : place % (text.size() + 1);
  at = otlp::cut_text(text, at).size();
  std::string value;
  pipeline::json_escape(text.substr(0, at), value);
  value += " " + secret + " ";
  pipeline::json_escape(text.substr(at), value);
  std::string json = "{\"content\":\"" + value + "\"}";
  for (unsigned k = 0; k < levels; ++k) {
    std::string inner;
    pipeline::json_escape(json, inner);
    json = "[{\"arguments\":\"" + inner + "\"}]";
  }
  std::string out = redacted(json);
  boost::json::error_code error;
  boost::json::value parsed = boost::json::parse(out, error);
  if (error) std::abort();
  // All levels taken apart again.
  for (unsigned k = 0; k < levels; ++k) {
    const std::string inner(parsed.as_array()[0].as_object().at("arguments").as_string());
    parsed = boost::json::parse(inner, error);
    if (error) std::abort();
  }
  const std::string content(parsed.as_object().at("content").as_string());
  if (content.find(kCore) != content.npos || out.find(kCore) != out.npos) std::abort();
  return 0;
}
