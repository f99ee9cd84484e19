#include "pipeline/redactor.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <utility>

#include "otlp/text.h"
#include "pipeline/characters.h"
#include "pipeline/json_escape.h"

namespace turnscope::pipeline {
namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr int kMostInside = 24;  ///< texts inside texts; each level doubles its escapes, so real ones are few
constexpr std::size_t kRoleDepth = 4;  ///< objects deeper than this have no role of their own
constexpr std::size_t kDepth = 512;    ///< containers in each other; deeper text is treated as plain

/// Values of so few digits that a hash can be undone by trying all.
constexpr Detector kFew[] = {Detector::phone, Detector::ssn, Detector::card, Detector::ip, Detector::iban};

/// Spellings of the same thing become one, so that they get the same token.
std::string normal(std::string_view text, Detector d) {
  std::string out;
  switch (d) {
    case Detector::phone:
      for (std::size_t i = 0; i < text.size(); ++i)
        if (is_digit(text[i]) || (text[i] == '+' && out.empty())) out += text[i];
      if (out.starts_with("00")) out = "+" + out.substr(2);
      return out;
    case Detector::ssn:
    case Detector::card:
    case Detector::iban:
      for (const char c : text)
        if (is_alnum(c)) out += is_alpha(c) ? static_cast<char>(c & ~0x20) : c;
      return out;
    case Detector::email:
    case Detector::name:
    case Detector::address:
    case Detector::ip:
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i, 3) == "%40") {
          out += '@';
          i += 2;
        } else {
          out += lower(text[i]);
        }
      }
      return out;
    default:
      return std::string(text);
  }
}

}  // namespace

Treatment Treatment::of(const std::array<Action, kDetectors>& actions) {
  Treatment t;
  t.actions = actions;
  t.wanted = 0;
  for (std::size_t d = 0; d < kDetectors; ++d)
    if (actions[d] != Action::keep) t.wanted |= 1u << d;
  return t;
}

Result<std::unique_ptr<const Redactor>> Redactor::make(RedactOptions options) {
  for (RedactRule& r : options.rules)
    for (std::size_t d = 0; d < kDetectors; ++d)
      if (r.actions[d] == Action::usual) r.actions[d] = options.actions[d];
  bool keyed = std::ranges::find(options.actions, Action::pseudonym) != options.actions.end();
  const auto check = [&](const std::array<Action, kDetectors>& actions, std::string_view path) -> Status {
    for (const Detector d : kFew)
      if (actions[static_cast<std::size_t>(d)] == Action::hash)
        return fail(
            ErrorKind::invalid_argument,
            fmt::format("{}.{}: a plain hash of so few digits is undone by trying all; use pseudonym or mask",
                        path, name(d)));
    return {};
  };
  TS_TRY(check(options.actions, "redact.detectors"));
  for (const Pattern& p : options.patterns) keyed = keyed || p.action == Action::pseudonym;
  for (std::size_t k = 0; k < options.rules.size(); ++k) {
    const RedactRule& r = options.rules[k];
    keyed = keyed || r.what == RedactRule::Do::pseudonym ||
            (r.what == RedactRule::Do::detect &&
             std::ranges::find(r.actions, Action::pseudonym) != r.actions.end());
    if (r.what == RedactRule::Do::detect)
      TS_TRY(check(r.actions, fmt::format("redact.rules[{}].detectors", k)));
  }
  if (keyed && options.key.size() < kKeyBytes)
    return fail(
        ErrorKind::invalid_argument,
        fmt::format("redact.key_file: pseudonyms need a secret of at least {} bytes in a file, as made by "
                    "\"openssl rand -hex 32\"; this one has {}",
                    kKeyBytes, options.key.size()));
  std::unique_ptr<Redactor> out(new Redactor(std::move(options)));
  out->usual_ = Treatment::of(out->options_.actions);
  TS_ASSIGN(out->detectors_, Detectors::make(out->options_));
  return std::unique_ptr<const Redactor>(std::move(out));
}

std::string Redactor::digest(std::string_view text, bool keyed) const {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (keyed)
    HMAC(EVP_sha256(), options_.key.data(), static_cast<int>(options_.key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size);
  else
    EVP_Digest(text.data(), text.size(), bytes, &size, EVP_sha256(), nullptr);
  std::string out;
  for (unsigned i = 0; i < 8 && i < size; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

std::string Redactor::replacement(std::string_view text, Detector d, std::uint16_t pattern,
                                  const Treatment& how) const {
  Action action = how.actions[static_cast<std::size_t>(d)];
  std::string_view what = name(d);
  if (d == Detector::pattern && pattern < options_.patterns.size()) {
    what = options_.patterns[pattern].name;
    action = options_.patterns[pattern].action;
  }
  switch (action) {
    case Action::drop:
      return {};
    case Action::hash:
      return fmt::format("[{}#{}]", what, digest(normal(text, d), false));
    case Action::pseudonym:
      return fmt::format("[{}-{}]", what, digest(normal(text, d), true));
    default:
      return fmt::format("[redacted:{}]", what);
  }
}

std::string Redactor::whole(std::string_view text, RedactRule::Do what) const {
  switch (what) {
    case RedactRule::Do::hash:
      return fmt::format("[value#{}]", digest(text, false));
    case RedactRule::Do::pseudonym:
      return fmt::format("[value-{}]", digest(text, true));
    default:
      return "[redacted:value]";
  }
}

/// One call of redact(): what the levels of nesting share.
struct Redactor::Run {
  const Redactor& redactor;
  const Treatment* how;
  FoundCounts& found;
  std::vector<Replaced>* log;

  std::string replace(std::string_view text, Detector d, std::uint16_t pattern) {
    std::string r = redactor.replacement(text, d, pattern, *how);
    ++found[static_cast<std::size_t>(d)];
    if (log && log->size() < 10'000)
      log->push_back(
          {d, d == Detector::pattern ? redactor.options_.patterns[pattern].name : "", r, text.size()});
    return r;
  }

  bool credential_by_name(std::string_view text, std::string_view key) const {
    if (key.empty() || text.empty() || !(how->wanted & bit(Detector::credential)) ||
        text.starts_with("[redacted:"))
      return false;
    return secret_name(key) || (maybe_secret_name(key) && looks_random(text));
  }

  bool text(std::string_view text, std::string_view key, std::string& out, int inside) {
    if (credential_by_name(text, key) && !looks_like_json(text)) {
      out = replace(text, Detector::credential, 0);
      return true;
    }
    std::vector<Finding> findings;
    redactor.detectors_->find(text, key, how->wanted, findings);
    const bool hidden = text.find("\\u") != text.npos;
    if (findings.empty() && !hidden && how->roles.empty()) return false;
    if (inside < kMostInside && looks_like_json(text)) {
      // The text is read as JSON only where something is in it, so the usual text costs one pass.
      const FoundCounts before = found;
      const std::size_t logged = log ? log->size() : 0;
      bool changed = false;
      if (json(text, out, inside, changed)) return changed;
      found = before;
      if (log) log->resize(logged);
    }
    std::string plain;
    if (hidden && json_plain_ascii(text, plain)) {
      text = plain;
      redactor.detectors_->find(text, key, how->wanted, findings);
    }
    if (findings.empty()) return false;
    out.clear();
    std::size_t copied = 0;
    for (const Finding& f : findings) {
      out.append(text, copied, f.begin - copied);
      out += replace(text.substr(f.begin, f.end - f.begin), f.detector, f.pattern);
      copied = f.end;
    }
    out.append(text, copied);
    return true;
  }

  /// The rule for the role that the object at `i` says it has ("role": "user" among its own members).
  const Treatment::Role* role_rule(std::string_view s, std::size_t i) const {
    int depth = 0;
    for (; i < s.size(); ++i) {
      const char c = s[i];
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return nullptr;
      if (c != '"') continue;
      std::size_t end = i + 1;
      while (end < s.size() && s[end] != '"') end += s[end] == '\\' ? 2 : 1;
      if (end >= s.size()) return nullptr;
      const std::string_view name = s.substr(i + 1, end - i - 1);
      i = end;
      if (depth != 1 || name != "role") continue;
      std::size_t p = end + 1;
      while (p < s.size() && (is_space(s[p]) || s[p] == ':')) ++p;
      if (p >= s.size() || s[p] != '"') continue;
      const std::size_t close = s.find('"', p + 1);
      if (close == s.npos) return nullptr;
      const std::string_view role = s.substr(p + 1, close - p - 1);
      for (const Treatment::Role& r : how->roles)
        if (glob_matches(r.role, role)) return &r;
      return nullptr;
    }
    return nullptr;
  }

  bool by_role(const Treatment::Role& role, std::string_view value, std::string_view key, std::string& out,
               int inside) {
    constexpr std::string_view kStructure[] = {"role",          "type", "id",       "tool_call_id",
                                               "finish_reason", "name", "mime_type"};
    const bool structure = std::ranges::find(kStructure, key) != std::end(kStructure);
    switch (role.what) {
      case RedactRule::Do::keep:
        return false;
      case RedactRule::Do::detect: {
        Treatment own;
        own.actions = role.actions;
        own.wanted = role.wanted;
        const Treatment* outer = std::exchange(how, &own);
        const bool changed = text(value, key, out, inside);
        how = outer;
        return changed;
      }
      default:
        if (structure) return text(value, key, out, inside);
        if (value.empty()) return false;
        ++found[kWholeValues];
        out = role.what == RedactRule::Do::drop || role.what == RedactRule::Do::strip
                  ? std::string()
                  : redactor.whole(value, role.what);
        return true;
    }
  }

  /// False: not JSON. Strings are redacted by what they mean; a number that was found becomes a string.
  bool json(std::string_view s, std::string& out, int inside, bool& changed) {
    struct Level {
      bool object;
      std::string key;
      const Treatment::Role* role;
    };
    std::vector<Level> open;
    std::string result, meaning, redacted;
    std::size_t copied = 0;
    enum class Expect {
      value,
      key_or_end,
      key,
      colon,
      comma_or_end,
      value_or_end,
      nothing
    } expect = Expect::value;
    const auto splice = [&](std::size_t begin, std::size_t end, std::string_view quoted) {
      result.append(s, copied, begin - copied);
      result += '"';
      json_escape(quoted, result);
      result += '"';
      copied = end;
      changed = true;
    };
    const auto key_now = [&]() -> std::string_view {
      // A list stands under the name of what holds it.
      for (auto it = open.rbegin(); it != open.rend(); ++it)
        if (it->object) return it->key;
      return {};
    };
    const auto after_value = [&] { expect = open.empty() ? Expect::nothing : Expect::comma_or_end; };
    std::size_t i = 0;
    while (i < s.size()) {
      const char c = s[i];
      if (is_space(c)) {
        ++i;
        continue;
      }
      if (c == '"') {
        std::size_t end = i + 1;
        bool escaped = false;
        while (end < s.size() && s[end] != '"') {
          if (s[end] == '\\') {
            escaped = true;
            ++end;
          }
          ++end;
        }
        if (end >= s.size()) return false;
        std::string_view raw = s.substr(i + 1, end - i - 1);
        if (escaped) {
          json_unescape(raw, meaning);
          raw = meaning;
        }
        const bool is_key = expect == Expect::key || expect == Expect::key_or_end;
        if (!is_key && expect != Expect::value && expect != Expect::value_or_end) return false;
        if (is_key) {
          std::string own(raw);
          if (text(raw, {}, redacted, inside + 1)) splice(i, end + 1, redacted);
          open.back().key = std::move(own);
          expect = Expect::colon;
        } else {
          std::string inner;
          const Treatment::Role* role = open.empty() ? nullptr : open.back().role;
          if (role ? by_role(*role, raw, key_now(), inner, inside + 1)
                   : text(raw, key_now(), inner, inside + 1))
            splice(i, end + 1, inner);
          after_value();
        }
        i = end + 1;
        continue;
      }
      if (c == '{' || c == '[') {
        if ((expect != Expect::value && expect != Expect::value_or_end) || open.size() == kDepth)
          return false;
        const Treatment::Role* role = open.empty() ? nullptr : open.back().role;
        if (c == '{' && !how->roles.empty() && open.size() < kRoleDepth) {
          if (const auto* own = role_rule(s, i)) role = own;
        }
        open.push_back({c == '{', {}, role});
        expect = c == '{' ? Expect::key_or_end : Expect::value_or_end;
        ++i;
        continue;
      }
      if (c == '}' || c == ']') {
        if (open.empty() || open.back().object != (c == '}')) return false;
        if (expect != Expect::comma_or_end &&
            expect != (c == '}' ? Expect::key_or_end : Expect::value_or_end))
          return false;
        open.pop_back();
        after_value();
        ++i;
        continue;
      }
      if (c == ':') {
        if (expect != Expect::colon) return false;
        expect = Expect::value;
        ++i;
        continue;
      }
      if (c == ',') {
        if (expect != Expect::comma_or_end) return false;
        expect = open.back().object ? Expect::key : Expect::value;
        ++i;
        continue;
      }
      // true, false, null, a number
      if (expect != Expect::value && expect != Expect::value_or_end) return false;
      std::size_t end = i;
      while (end < s.size() && (is_alnum(s[end]) || s[end] == '-' || s[end] == '+' || s[end] == '.')) ++end;
      if (end == i) return false;
      const std::string_view token = s.substr(i, end - i);
      const bool word = is_alpha(c);
      if (word && token != "true" && token != "false" && token != "null") return false;
      if (!word && !is_digit(c) && c != '-') return false;
      if (!word) {
        const bool secret = credential_by_name(token, key_now()) && secret_name(key_now());
        std::vector<Finding> findings;
        if (!secret) redactor.detectors_->find(token, key_now(), how->wanted, findings);
        if (secret)
          splice(i, end, replace(token, Detector::credential, 0));
        else if (!findings.empty())
          splice(i, end, replace(token, findings[0].detector, findings[0].pattern));
      }
      after_value();
      i = end;
    }
    if (expect != Expect::nothing) return false;
    if (changed) {
      result.append(s, copied);
      out = std::move(result);
    }
    return true;
  }
};

bool Redactor::redact(std::string_view text, std::string_view key, const Treatment& how, std::string& out,
                      FoundCounts& found, std::vector<Replaced>* log) const {
  if (how.wanted == 0 && how.roles.empty()) return false;
  Run run{*this, &how, found, log};
  return run.text(text, key, out, 0);
}

}  // namespace turnscope::pipeline
