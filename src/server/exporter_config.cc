#include "server/exporter_config.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <set>

#include <arpa/inet.h>
#include <ifaddrs.h>

#include "server/config_values.h"
#include "server/exporter_keys.h"

namespace turnscope::server {
namespace {

constexpr std::size_t kMaxExporters = 32;
constexpr std::size_t kMaxPolicies = 32;  // a bit each in a trace's facts

std::string_view head(std::string_view& path) {
  const auto dot = path.find('.');
  const auto first = path.substr(0, dot);
  path = dot == path.npos ? std::string_view{} : path.substr(dot + 1);
  return first;
}

std::optional<std::size_t> index(std::string_view text, std::size_t most) {
  std::size_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size() || n >= most) return std::nullopt;
  return n;
}

/// Finds the row for `path` and sets it; false: there is none.
template <typename Keys, typename Object>
bool set_in(const Keys& keys, Object& object, std::string_view path, std::string_view value,
            std::string_view full, std::vector<std::string>& problems) {
  for (const auto& key : keys) {
    const bool is_map = key.path.ends_with('.');
    const bool here = is_map ? path.starts_with(key.path) || path == key.path.substr(0, key.path.size() - 1)
                             : path == key.path;
    if (!here) continue;
    const auto rest =
        is_map && path.size() >= key.path.size() ? path.substr(key.path.size()) : std::string_view{};
    if (is_map && rest.empty() && !value.empty()) {
      problems.push_back(fmt::format("{}: holds keys and values", full));
    } else if (auto ok = key.set(object, rest, value); !ok) {
      problems.push_back(fmt::format("{}: {}", full, ok.error().message));
    }
    return true;
  }
  std::vector<std::string_view> known;
  for (const auto& key : keys)
    known.push_back(key.path.ends_with('.') ? key.path.substr(0, key.path.size() - 1) : key.path);
  problems.push_back(fmt::format("{}: {}", full, no_such_key(path, known)));
  return false;
}

}  // namespace

void set_policy_key(std::vector<sinks::Policy>& policies, std::string_view list, std::string_view path,
                    std::string_view value, std::vector<std::string>& problems) {
  const auto which = head(path);
  const auto p = index(which, kMaxPolicies);
  if (!p || path.empty()) {
    problems.push_back(fmt::format("{}: expected a list of at most {} policies", list, kMaxPolicies));
    return;
  }
  if (policies.size() <= *p) policies.resize(*p + 1);
  set_in(policy_keys(), policies[*p], path, value, fmt::format("{}[{}].{}", list, *p, path), problems);
}

std::string policies_yaml(const std::vector<sinks::Policy>& policies) {
  std::string out = "[";
  for (const auto& p : policies) {
    out += out.size() > 1 ? ", {" : "{";
    bool first = true;
    for (const auto& key : policy_keys()) {
      const auto value = key.get(p);
      if (value.empty() || (key.path == "budget_per_second" && value == "0")) continue;
      const auto name = key.path.ends_with('.') ? key.path.substr(0, key.path.size() - 1) : key.path;
      out += fmt::format("{}{}: {}", first ? "" : ", ", name, value);
      first = false;
    }
    out += "}";
  }
  return out + "]";
}

void set_exporter_key(std::vector<sinks::ExporterOptions>& exporters, std::string_view path,
                      std::string_view value, std::vector<std::string>& problems) {
  const auto number = head(path);
  const auto n = index(number, kMaxExporters);
  if (!n) {
    problems.push_back(
        fmt::format("exporters.{}: expected a list; as --set: exporters.0.endpoint=… (at most {})", number,
                    kMaxExporters));
    return;
  }
  if (exporters.size() <= *n) exporters.resize(*n + 1);
  auto& exporter = exporters[*n];
  const auto full = fmt::format("exporters[{}].{}", *n, path);
  if (path.starts_with("sampling.policies")) {
    auto rest = path.substr(std::min(path.size(), std::string_view("sampling.policies.").size()));
    if (rest.empty() && value.empty()) return;
    set_policy_key(exporter.sampling.policies, fmt::format("exporters[{}].sampling.policies", *n), rest,
                   value, problems);
    return;
  }
  set_in(exporter_keys(), exporter, path, value, full, problems);
}

UrlParts parse_url(std::string_view url) {
  UrlParts u;
  const auto scheme = url.find("://");
  if (scheme == url.npos) return u;
  u.scheme = std::string(url.substr(0, scheme));
  auto rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    u.user_info = true;
    rest.remove_prefix(at + 1);
  }
  u.port = u.scheme == "https" ? 443 : 80;
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == rest.npos) return u;
    u.host = std::string(rest.substr(1, close - 1));
    if (close + 1 < rest.size() && rest[close + 1] == ':') port = rest.substr(close + 2);
  } else {
    const auto colon = rest.rfind(':');
    u.host = std::string(rest.substr(0, colon));
    if (colon != rest.npos) port = rest.substr(colon + 1);
  }
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), u.port);
    if (error != std::errc{} || end != port.data() + port.size()) u.host.clear();
  }
  return u;
}

std::vector<std::string> validate_exporters(const std::vector<sinks::ExporterOptions>& exporters) {
  std::vector<std::string> problems;
  std::set<std::string> names;
  for (std::size_t i = 0; i < exporters.size(); ++i) {
    const auto& o = exporters[i];
    const auto say = [&](std::string_view key, std::string text) {
      problems.push_back(fmt::format("exporters[{}].{}: {}", i, key, text));
    };
    const bool name_ok = !o.name.empty() && o.name.size() <= 40 && std::ranges::all_of(o.name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!name_ok) say("name", fmt::format("\"{}\" is not 1 to 40 of a-z, 0-9, '-' and '_'", o.name));
    if (!names.insert(o.name).second)
      say("name", fmt::format("\"{}\" is taken by another exporter; each has a cursor of its own", o.name));
    const auto url = [&](std::string_view key, const std::string& text, bool needed) {
      if (text.empty() && !needed) return;
      const auto u = parse_url(text);
      if (u.host.empty() || (u.scheme != "http" && u.scheme != "https"))
        say(key, fmt::format("\"{}\" is not a URL as https://host:4318", u.user_info ? "…" : text));
      if (u.user_info) say(key, "holds a user name; put keys into headers, from ${env:NAME} or ${file:PATH}");
      if (o.protocol == sinks::Protocol::grpc && !u.host.empty()) {
        const auto path = text.find('/', text.find("://") + 3);
        if (path != std::string::npos && path + 1 < text.size())
          say(key, "has a path; gRPC endpoints are https://host:port");
      }
    };
    const bool all_urls = (!o.traces || !o.traces_url.empty()) && (!o.logs || !o.logs_url.empty()) &&
                          (!o.metrics || !o.metrics_url.empty());
    url("endpoint", o.endpoint, !all_urls || o.protocol == sinks::Protocol::grpc);
    url("traces_url", o.traces_url, false);
    url("logs_url", o.logs_url, false);
    url("metrics_url", o.metrics_url, false);
    if (!o.traces && !o.logs && !o.metrics)
      say("signals", "is empty: nothing would be sent; set enabled: false to pause an exporter");
    if (o.encoding == sinks::Encoding::json && o.protocol == sinks::Protocol::grpc)
      say("encoding", "json goes over http only");
    if (o.encoding == sinks::Encoding::json && (o.logs || o.metrics))
      say("encoding", "json carries traces only; use protobuf for logs and metrics");
    if (o.compression == sinks::Compression::zstd && o.protocol == sinks::Protocol::grpc)
      say("compression", "zstd goes over http only; use gzip");
    if (o.tls.cert.empty() != o.tls.key.empty()) say("tls", "cert and key belong together");
    if (!o.tls.server_name.empty() && o.protocol == sinks::Protocol::http)
      say("tls.server_name", "is for grpc only; over http the endpoint's host is checked");
    for (const auto& [key, value] : o.headers) {
      const bool key_ok =
          std::ranges::all_of(key, [](unsigned char c) { return c > 0x20 && c < 0x7F && c != ':'; });
      const bool value_ok =
          std::ranges::all_of(value.reveal(), [](unsigned char c) { return c >= 0x20 && c != 0x7F; });
      if (!key_ok || !value_ok) say("headers." + key, "holds characters that no header may have");
    }
    const auto range = [&](std::string_view key, std::uint64_t v, std::uint64_t least, std::uint64_t most) {
      if (v < least || v > most) say(key, fmt::format("{} is not from {} to {}", v, least, most));
    };
    range("concurrency", o.concurrency, 1, 64);
    range("batch.bytes", o.batch_bytes, 1024, 64u << 20);
    range("batch.items", o.batch_items, 1, 1'000'000);
    range("timeout", static_cast<std::uint64_t>(o.timeout.count()), 10, 600'000);
    range("retry.first", static_cast<std::uint64_t>(o.retry_first.count()), 1, 3'600'000);
    range("retry.most", static_cast<std::uint64_t>(o.retry_most.count()), 1, 3'600'000);
    range("drop_above_percent", o.drop_above_percent, 0, 100);
    if (o.sampling.enabled && !o.traces)
      say("sampling.enabled", "sampling is for traces, which signals leaves out");
    if (!o.sampling.enabled && !o.sampling.policies.empty())
      say("sampling.policies", "are given but sampling.enabled is not true");
    range("sampling.max_traces", o.sampling.max_traces, 100, 5'000'000);
  }
  return problems;
}

std::string exporters_yaml(const std::vector<sinks::ExporterOptions>& exporters) {
  std::string out = "# Where spans are forwarded to, see docs/export.md.\n";
  if (exporters.empty()) return out + "exporters: []\n";
  out += "exporters:\n";
  for (const auto& o : exporters) {
    std::string section;
    bool first = true;
    for (const auto& key : exporter_keys()) {
      const auto path = key.path.ends_with('.') ? key.path.substr(0, key.path.size() - 1) : key.path;
      const auto dot = path.find('.');
      const auto group = dot == path.npos ? std::string_view{} : path.substr(0, dot);
      if (!group.empty() && group != section) out += fmt::format("    {}:\n", group);
      section = group;
      out += fmt::format("{}{}{}: {}\n", first ? "  - " : "    ", group.empty() ? "" : "  ",
                         group.empty() ? path : path.substr(dot + 1), key.get(o));
      first = false;
    }
    if (!o.sampling.enabled) continue;
    out += "      policies:\n";
    for (const auto& p : o.sampling.policies.empty() ? sinks::default_policies() : o.sampling.policies) {
      bool first_key = true;
      for (const auto& key : policy_keys()) {
        const auto value = key.get(p);
        if (value.empty()) continue;
        out +=
            fmt::format("{}{}: {}\n", first_key ? "        - " : "          ",
                        key.path.ends_with('.') ? key.path.substr(0, key.path.size() - 1) : key.path, value);
        first_key = false;
      }
    }
  }
  return out;
}

namespace {

std::set<std::string> addresses_of(std::string host) {
  std::set<std::string> out;
  // libcurl knows these without asking anybody, in any case of letters and with a dot at the end.
  std::ranges::transform(host, host.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (host.ends_with('.')) host.pop_back();
  if (host == "localhost" || host.ends_with(".localhost")) return {"127.0.0.1", "::1"};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return out;
  for (const auto* a = found; a != nullptr; a = a->ai_next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::getnameinfo(a->ai_addr, a->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      // A connection to ::ffff:127.0.0.1 is one to 127.0.0.1.
      const std::string_view address = text.data();
      const bool mapped = address.starts_with("::ffff:") && address.find('.') != address.npos;
      out.emplace(mapped ? address.substr(7) : address);
    }
  }
  ::freeaddrinfo(found);
  return out;
}

/// Addresses of this machine's interfaces.
std::set<std::string> own_addresses() {
  std::set<std::string> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  for (const auto* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr) continue;
    const auto family = i->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (::getnameinfo(i->ifa_addr, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
      out.insert(text.data());
  }
  ::freeifaddrs(list);
  return out;
}

bool reaches(const std::set<std::string>& target, const std::string& listens,
             const std::set<std::string>& own) {
  if (target.contains(listens)) return true;
  const bool any = listens == "0.0.0.0" || listens == "::";
  return std::ranges::any_of(target, [&](const std::string& t) {
    // Linux takes a connection to 0.0.0.0 to the machine itself.
    if (t == "0.0.0.0" || t == "::") return any || listens.starts_with("127.") || listens == "::1";
    return any && (own.contains(t) || t.starts_with("127.") || t == "::1");
  });
}

}  // namespace

std::vector<std::string> find_loops(const std::vector<sinks::ExporterOptions>& exporters,
                                    const std::vector<OwnAddress>& ours) {
  std::vector<std::string> problems;
  const auto own = own_addresses();
  for (std::size_t i = 0; i < exporters.size(); ++i) {
    const auto& o = exporters[i];
    const std::pair<std::string_view, const std::string*> urls[] = {{"endpoint", &o.endpoint},
                                                                    {"traces_url", &o.traces_url},
                                                                    {"logs_url", &o.logs_url},
                                                                    {"metrics_url", &o.metrics_url}};
    for (const auto& [key, url] : urls) {
      if (url->empty()) continue;
      const auto u = parse_url(*url);
      std::set<std::string> target;
      for (const auto& us : ours) {
        if (us.port != u.port) continue;
        if (target.empty()) target = addresses_of(u.host);
        if (reaches(target, us.host == "localhost" ? "127.0.0.1" : us.host, own))
          problems.push_back(fmt::format(
              "exporters[{}].{}: {} is this server's own {} ({}:{}); every span would come back and go "
              "round for ever; name another target",
              i, key, *url, us.key, us.host, us.port));
      }
    }
  }
  return problems;
}

}  // namespace turnscope::server
