// https://www.w3.org/TR/trace-context-1/#tracestate-header
#include <algorithm>

#include "turnscope/sdk/context.h"

namespace turnscope::sdk {
namespace {

constexpr std::size_t max_members = 32;

std::string_view trim(std::string_view s) {
  const auto from = s.find_first_not_of(" \t");
  if (from == s.npos) return {};
  return s.substr(from, s.find_last_not_of(" \t") - from + 1);
}

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool key_tail(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) {
    return lower(c) || digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
  });
}

/// simple-key = lcalpha 0*255(…); multi-tenant-key = (lcalpha / DIGIT) 0*240(…) "@" lcalpha 0*13(…)
bool valid_key(std::string_view key) {
  if (key.empty()) return false;
  const auto at = key.find('@');
  if (at == key.npos) return key.size() <= 256 && lower(key[0]) && key_tail(key);
  const std::string_view tenant = key.substr(0, at), system = key.substr(at + 1);
  return !tenant.empty() && tenant.size() <= 241 && (lower(tenant[0]) || digit(tenant[0])) &&
         key_tail(tenant) && !system.empty() && system.size() <= 14 && lower(system[0]) && key_tail(system);
}

/// 0*255(chr) nblk-chr; chr is printable ASCII but comma and equals sign, and the last one is no blank.
bool valid_value(std::string_view value) {
  return !value.empty() && value.size() <= 256 && value.back() != ' ' &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= 0x20 && c <= 0x7E && c != ',' && c != '='; });
}

using Member = std::pair<std::string_view, std::string_view>;

/// False when the list is invalid.
bool split(std::string_view header, std::vector<Member>& out) {
  while (true) {
    const auto comma = header.find(',');
    const std::string_view member = trim(header.substr(0, comma));
    if (!member.empty()) {  // empty members are allowed
      const auto equals = member.find('=');
      if (equals == member.npos) return false;
      const Member m{member.substr(0, equals), member.substr(equals + 1)};
      if (!valid_key(m.first) || !valid_value(m.second) || out.size() == max_members) return false;
      if (std::any_of(out.begin(), out.end(), [&](const Member& o) { return o.first == m.first; }))
        return false;
      out.push_back(m);
    }
    if (comma == header.npos) return true;
    header.remove_prefix(comma + 1);
  }
}

std::string join(const std::vector<Member>& members) {
  std::string s;
  for (const auto& [key, value] : members) {
    if (!s.empty()) s += ',';
    s.append(key).append("=").append(value);
  }
  return s;
}

}  // namespace

TraceState TraceState::parse(const std::vector<std::string_view>& headers) {
  std::vector<Member> members;
  for (std::string_view h : headers)
    if (!split(h, members)) return {};
  TraceState t;
  if (!members.empty()) t.text_ = std::make_shared<const std::string>(join(members));
  return t;
}

std::optional<std::string> TraceState::get(std::string_view key) const {
  std::vector<Member> list;
  split(header(), list);
  for (const Member& m : list)
    if (m.first == key) return std::string(m.second);
  return std::nullopt;
}

TraceState TraceState::set(std::string_view key, std::string_view value) const {
  if (!valid_key(key) || !valid_value(value)) return *this;
  std::vector<Member> list;
  split(header(), list);
  std::erase_if(list, [&](const Member& m) { return m.first == key; });
  list.insert(list.begin(), {key, value});
  if (list.size() > max_members) list.pop_back();
  TraceState t;
  t.text_ = std::make_shared<const std::string>(join(list));
  return t;
}

TraceState TraceState::erase(std::string_view key) const {
  std::vector<Member> list;
  split(header(), list);
  std::erase_if(list, [&](const Member& m) { return m.first == key; });
  TraceState t;
  if (!list.empty()) t.text_ = std::make_shared<const std::string>(join(list));
  return t;
}

std::vector<std::pair<std::string, std::string>> TraceState::members() const {
  std::vector<Member> list;
  split(header(), list);
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [key, value] : list) out.emplace_back(key, value);
  return out;
}

}  // namespace turnscope::sdk
