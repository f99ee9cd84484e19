#include "genai/region.h"

#include <algorithm>

namespace turnscope::genai {
namespace {

constexpr std::size_t kLongestHost = 253, kLongestRegion = 50;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

/// "eu-west-1", "us-gov-west-1": two letters, words, a number.
bool aws_region(std::string_view label) {
  const auto last = label.rfind('-');
  if (last == std::string_view::npos || last < 4 || last + 1 == label.size()) return false;
  if (!is_letter(label[0]) || !is_letter(label[1]) || label[2] != '-') return false;
  for (const char c : label.substr(last + 1))
    if (!is_digit(c)) return false;
  for (const char c : label.substr(0, last))
    if (!is_letter(c) && c != '-') return false;
  return true;
}

bool take_end(std::string_view& s, std::string_view end) {
  if (s.size() <= end.size() || !s.ends_with(end)) return false;
  s.remove_suffix(end.size());
  return true;
}

std::string_view last_label(std::string_view host) {
  const auto dot = host.rfind('.');
  return dot == std::string_view::npos ? host : host.substr(dot + 1);
}

bool region_shaped(std::string_view r) {
  if (r.empty() || r.size() > kLongestRegion || !is_letter(r[0])) return false;
  for (const char c : r)
    if (!is_letter(c) && !is_digit(c) && c != '-') return false;
  return r.back() != '-';
}

/// In lower case; nothing where it is too long for a host.
std::string_view in_lower(std::string_view text, std::string& made) {
  if (text.size() > kLongestHost) return {};
  made.assign(text);
  for (char& c : made)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return made;
}

/// Clouds whose endpoints stand in regions; Google's API without one (gcp.gemini) does not.
bool in_regions(std::string_view provider) {
  return provider != "gcp.gemini" &&
         (provider.starts_with("aws.") || provider.starts_with("azure.") || provider.starts_with("gcp."));
}

}  // namespace

std::string_view host_in(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find_first_of("/?#"));
  if (const auto at = text.rfind('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
  return text.substr(0, text.find(':'));
}

std::string_view region_of_host(std::string_view host) {
  // Amazon: the service, the region, perhaps what kind of endpoint it is.
  if (take_end(host, ".amazonaws.com") || take_end(host, ".amazonaws.com.cn")) {
    while (!host.empty()) {
      const auto label = last_label(host);
      if (aws_region(label)) return label;
      host.remove_suffix(std::min(host.size(), label.size() + 1));
    }
    return {};
  }
  if (host == "aiplatform.googleapis.com") return "global";
  if (take_end(host, "-aiplatform.googleapis.com")) return region_shaped(host) ? host : std::string_view{};
  if (host.starts_with("aiplatform.") && take_end(host, ".rep.googleapis.com")) {
    host.remove_prefix(std::string_view("aiplatform.").size());
    return region_shaped(host) ? host : std::string_view{};
  }
  for (const auto end : {".api.cognitive.microsoft.com", ".models.ai.azure.com", ".inference.ml.azure.com"})
    if (take_end(host, end)) {
      const auto label = last_label(host);
      return region_shaped(label) ? label : std::string_view{};
    }
  // Where a customer's data stays: eu.api.openai.com.
  if (take_end(host, ".api.openai.com")) return region_shaped(host) ? host : std::string_view{};
  return {};
}

CallRegion call_region(const Gathered& g, Kind kind, std::string_view provider, std::string& made) {
  if (kind != Kind::llm && kind != Kind::embedding) return {};
  for (const Field by : {Field::http_url, Field::server_address}) {
    if (!g.has(by)) continue;
    if (const auto r = region_of_host(in_lower(host_in(text_of(*g[by].value)), made)); !r.empty())
      return {r, by, "the region in the name of the host"};
  }
  if (g.has(Field::region))
    if (const auto r = in_lower(text_of(*g[Field::region].value), made); region_shaped(r))
      return {r, Field::region, "the span's own"};
  if (!in_regions(provider)) return {};
  for (const auto& kv : g.resource->attributes)
    if (kv.key == "cloud.region")
      if (const auto r = in_lower(text_of(kv.value), made); region_shaped(r))
        return {r, Field::count, "a cloud's model, called from there"};
  return {};
}

}  // namespace turnscope::genai
