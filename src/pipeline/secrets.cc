#include "pipeline/secrets.h"

#include <algorithm>

#include "otlp/text.h"
#include "pipeline/addresses.h"
#include "pipeline/characters.h"

namespace turnscope::pipeline {
namespace {

enum class Alphabet : std::uint8_t { token, alnum, hex, upper, dotted };
struct Shape {
  std::string_view prefix;
  std::uint8_t least;
  Alphabet alphabet;
};
constexpr Shape kShapes[] = {
#define SECRET(prefix, least, alphabet) {prefix, least, Alphabet::alphabet},
#include "pipeline/secrets.def"
#undef SECRET
};

bool in_alphabet(char c, Alphabet a) {
  switch (a) {
    case Alphabet::token:
      return is_token(c);
    case Alphabet::alnum:
      return is_alnum(c);
    case Alphabet::hex:
      return is_hex(c);
    case Alphabet::upper:
      return is_upper(c) || is_digit(c);
    case Alphabet::dotted:
      return is_token(c) || c == '.' || c == '/' || c == '+' || c == '=';
  }
  return false;
}

/// Words that a secret value follows, after "=" or ":" or "is". Folded, '-' as '_'.
constexpr std::string_view kSecretWords[] = {"password",
                                             "passwd",
                                             "passphrase",
                                             "passcode",
                                             "pwd",
                                             "secret",
                                             "client_secret",
                                             "secret_key",
                                             "secretkey",
                                             "secret_access_key",
                                             "secretaccesskey",
                                             "aws_secret_access_key",
                                             "api_key",
                                             "apikey",
                                             "x_api_key",
                                             "api_token",
                                             "access_token",
                                             "accesstoken",
                                             "refresh_token",
                                             "refreshtoken",
                                             "id_token",
                                             "auth_token",
                                             "authtoken",
                                             "session_token",
                                             "sessiontoken",
                                             "bearer_token",
                                             "private_key",
                                             "privatekey",
                                             "access_key",
                                             "accesskey",
                                             "account_key",
                                             "accountkey",
                                             "authorization",
                                             "proxy_authorization",
                                             "cookie",
                                             "set_cookie",
                                             "signing_key",
                                             "encryption_key",
                                             "client_key",
                                             "auth_key",
                                             "sharedaccesskey",
                                             "connection_string",
                                             "webhook_secret",
                                             "csrf_token",
                                             "xsrf_token",
                                             "jwt_secret",
                                             "master_key",
                                             "admin_key",
                                             "x_auth_token",
                                             "x_amz_security_token",
                                             "db_password",
                                             "credentials",
                                             "signature",
                                             "x_amz_signature",
                                             "pgpassword",
                                             "mysql_pwd",
                                             "openai_api_key",
                                             "anthropic_api_key",
                                             "sig",
                                             "user_password",
                                             "passwort",
                                             "contraseña",
                                             "x_goog_api_key",
                                             "ocp_apim_subscription_key",
                                             "subscription_key",
                                             "api_secret",
                                             "apisecret",
                                             "app_secret",
                                             "consumer_secret"};
/// Only in a query string ("?key=…&token=…") or for values that look random.
constexpr std::string_view kWeakWords[] = {"key", "token",   "code",      "auth",
                                           "sid", "session", "sessionid", "session_id"};

/// Where literals of credential words begin: their first letters lead to the whole word.
constexpr std::string_view kTriggers[] = {"passw",          "passp",
                                          "passc",          "pwd",
                                          "secret",         "token",
                                          "api_key",        "api-key",
                                          "apikey",         "apitoken",
                                          "access_key",     "accesskey",
                                          "access-key",     "secretaccesskey",
                                          "private_key",    "privatekey",
                                          "private-key",    "authorization",
                                          "cookie",         "signing_key",
                                          "encryption_key", "client_key",
                                          "auth_key",       "accountkey",
                                          "account_key",    "connection_string",
                                          "master_key",     "admin_key",
                                          "credentials",    "signature",
                                          "mysql_pwd",      "contrase",
                                          "subscription",   "apisecret",
                                          "api_secret",     "key=",
                                          "sig=",           "code=",
                                          "auth=",          "sid=",
                                          "session=",       "sessionid=",
                                          "session_id="};

bool same_name(std::string_view name, std::string_view word) {
  if (name.size() != word.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i] == '-' || name[i] == '.' || name[i] == ' ' ? '_' : lower(name[i]);
    if (c != word[i]) return false;
  }
  return true;
}
/// `name` is the word or ends with "_word", ".word", "-word".
bool names(std::string_view name, std::string_view word) {
  if (name.size() < word.size()) return false;
  if (!same_name(name.substr(name.size() - word.size()), word)) return false;
  if (name.size() == word.size()) return true;
  const char c = name[name.size() - word.size() - 1];
  return !is_alnum(c);
}

/// Which three last letters the words have: nearly every other name is turned away by one look.
constexpr unsigned last_three(std::string_view name) {
  const auto five = [](char c) { return static_cast<unsigned>(static_cast<unsigned char>(lower(c)) & 31u); };
  const std::size_t n = name.size();
  return five(name[n - 3]) << 10 | five(name[n - 2]) << 5 | five(name[n - 1]);
}
template <typename Words>
constexpr auto endings(const Words& words) {
  std::array<bool, 32'768> seen{};
  for (const std::string_view w : words) seen[last_three(w)] = true;
  return seen;
}
constexpr auto kSecretEndings = endings(kSecretWords);
constexpr auto kWeakEndings = endings(kWeakWords);
constexpr bool may_be_secret_name(std::string_view name) {
  return name.size() >= 3 && kSecretEndings[last_three(name)];
}
constexpr bool may_be_weak_name(std::string_view name) {
  return name.size() >= 3 && kWeakEndings[last_three(name)];
}

/// Values that stand in documentation and code where a secret would stand.
bool placeholder(std::string_view v) {
  constexpr std::string_view kNothing[] = {
      "null",     "none",     "nil",      "true",      "false",   "undefined", "string",  "str",
      "required", "optional", "redacted", "hidden",    "secret",  "password",  "your",    "the",
      "a",        "an",       "is",       "must",      "and",     "or",        "not",     "in",
      "for",      "to",       "of",       "incorrect", "invalid", "expired",   "missing", "empty",
      "reset",    "changed",  "field",    "token",     "bearer",  "basic",     "int",     "number",
      "text",     "bool",     "type",     "with",      "was",     "has",       "are",     "be",
      "will",     "should",   "cannot",   "wrong",     "unknown", "input",     "object",  "array"};
  if (v.empty()) return true;
  if (v.starts_with("[redacted") || v.starts_with("[REDACTED")) return true;
  const char c = v.front();
  if (c == '$' || c == '<' || c == '{' || c == '%' || c == '(' || c == '[') return true;
  if (v.find_first_not_of("*x.X-_•") == v.npos) return true;
  for (const auto& w : kNothing)
    if (equal_folded(v, w)) return true;
  return false;
}

bool quote(char c) { return c == '"' || c == '\'' || c == '`'; }

Finding make(std::size_t begin, std::size_t end, Detector d) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), d, 0};
}

bool jwt(std::string_view s, std::size_t i, Finding& out) {
  if (!word_begins(s, i) || (i > 0 && (s[i - 1] == '-' || s[i - 1] == '.'))) return false;
  std::size_t p = i;
  const auto part = [&] {
    const std::size_t from = p;
    while (p < s.size() && is_token(s[p])) ++p;
    return p - from;
  };
  if (part() < 10 || at(s, p) != '.') return false;
  ++p;
  if (part() < 8) return false;
  std::size_t end = p;
  for (int k = 0; k < 3 && at(s, p) == '.' && is_token(at(s, p + 1)); ++k) {
    ++p;
    part();
    end = p;
  }
  while (at(s, end) == '=') ++end;
  out = make(i, end, Detector::jwt);
  return true;
}

bool private_key(std::string_view s, std::size_t i, Finding& out) {
  // "-----BEGIN RSA PRIVATE KEY-----" … "-----END RSA PRIVATE KEY-----"; without its end, to the end of the
  // text.
  std::size_t begin = i;
  while (begin > 0 && s[begin - 1] == '-' && i - begin < 5) --begin;
  if (i - begin < 5) return false;
  const std::size_t label_end = s.find("-----", i);
  if (label_end == s.npos || label_end - i > 64) return false;
  const std::string_view label = s.substr(i, label_end - i);
  if (label.find("PRIVATE KEY") == label.npos) return false;
  std::size_t end = s.size();
  if (const std::size_t tail = s.find("-----END", label_end + 5); tail != s.npos) {
    const std::size_t close = s.find("-----", tail + 8);
    end = close == s.npos ? s.size() : close + 5;
  } else {
    // Cut off: the key goes as far as base64 and line ends do.
    end = label_end + 5;
    while (end < s.size() && (is_token(s[end]) || s[end] == '+' || s[end] == '/' || s[end] == '=' ||
                              is_space(s[end]) || s[end] == '\\'))
      ++end;
  }
  out = make(begin, end, Detector::private_key);
  return true;
}

bool bearer(std::string_view s, std::size_t i, std::size_t width, Finding& out) {
  if (!word_begins(s, i)) return false;
  std::size_t p = i + width;
  while (at(s, p) == ' ') ++p;
  const std::size_t from = p;
  while (p < s.size() &&
         (is_token(s[p]) || s[p] == '.' || s[p] == '~' || s[p] == '+' || s[p] == '/' || s[p] == '='))
    ++p;
  while (p > from && (s[p - 1] == '.' || s[p - 1] == '/')) --p;
  if (p - from < 16) return false;
  if (!looks_random(s.substr(from, p - from))) return false;
  out = make(from, p, Detector::credential);
  return true;
}

bool basic(std::string_view s, std::size_t i, std::size_t width, Finding& out) {
  if (!word_begins(s, i)) return false;
  const std::size_t from = i + width;
  std::size_t p = from;
  while (p < s.size() &&
         (is_alnum(s[p]) || s[p] == '+' || s[p] == '/' || s[p] == '=' || s[p] == '-' || s[p] == '_'))
    ++p;
  if (p - from < 6) return false;
  std::string decoded;
  if (!otlp::base64_decode(s.substr(from, p - from), decoded)) return false;
  const auto colon = decoded.find(':');
  if (colon == decoded.npos) return false;
  for (const char c : decoded)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  if (!otlp::valid_utf8(decoded)) return false;
  out = make(from, p, Detector::credential);
  return true;
}

/// "://user:pass@host"
bool user_info(std::string_view s, std::size_t i, Finding& out) {
  const std::size_t from = i + 3;
  std::size_t p = from, colon = s.npos, last_at = s.npos;
  for (; p < s.size() && p - from < 512; ++p) {
    const char c = s[p];
    if (c == '@') {
      last_at = p;
    } else if (c == ':' && colon == s.npos) {
      colon = p;
    } else if (c == '/' || c == '?' || c == '#' || is_space(c) || c == '"' || c == '\'' || c == '<' ||
               c == '>' || c == '\\' || c == '`' || c == ',') {
      break;
    }
  }
  if (last_at == s.npos || last_at == from) return false;
  const std::string_view user = s.substr(from, last_at - from);
  if (colon == s.npos || colon > last_at) {
    if (!looks_random(user)) return false;  // ssh://git@host
  } else if (placeholder(s.substr(colon + 1, last_at - colon - 1)) && last_at - colon > 1) {
    return false;
  }
  out = make(from, last_at, Detector::credential);
  return true;
}

/// A word of kSecretWords or kWeakWords with a value behind it. `i` lies in the word.
bool assignment(std::string_view s, std::size_t i, std::size_t width, std::string_view, Finding& out) {
  std::size_t begin = i, end = i + width;
  if (s[end - 1] == '=') --end;
  const auto in_name = [](char c) { return is_alnum(c) || c == '_' || c == '-' || is_high(c); };
  while (begin > 0 && in_name(s[begin - 1]) && i - begin < 48 && !after_escape(s, begin)) --begin;
  while (end < s.size() && in_name(s[end]) && end - i < 64) ++end;
  const std::string_view word = s.substr(begin, end - begin);
  if (!may_be_secret_name(word) && !may_be_weak_name(word)) return false;
  bool strong = false, weak = false;
  // "--password=…", "DB_PASSWORD=…", "openai.api_key"
  for (const auto& w : kSecretWords) strong = strong || names(word, w);
  if (!strong)
    for (const auto& w : kWeakWords) weak = weak || names(word, w);
  if (!strong && !weak) {
    // camelCase: clientSecret, accessToken, dbPassword
    constexpr std::string_view kCamel[] = {"Secret",       "Password", "Passwd",      "AccessToken",
                                           "RefreshToken", "ApiKey",   "AuthToken",   "SecretKey",
                                           "PrivateKey",   "APIKey",   "SessionToken"};
    for (const auto& w : kCamel) strong = strong || (word.size() > w.size() && word.ends_with(w));
    if (!strong) return false;
  }
  // Between name and value: quotes, backslashes of nested JSON, one of = : is was, "%3D".
  std::size_t p = end;
  bool separated = false, tight = false, spaced = false, json = false;
  char separator = 0;
  for (std::size_t steps = 0; p < s.size() && steps < 12; ++steps) {
    const char c = s[p];
    if (c == '=' || c == ':') {
      if (separated && !(c == '=' || c == '>')) break;
      if (at(s, p + 1) == '=') return false;  // a comparison
      separated = true;
      separator = c;
      tight = p == end;
      ++p;
    } else if (c == '>' && separated) {
      ++p;
    } else if (quote(c) || c == '\\') {
      json = json || (!separated && quote(c));
      if (separated) break;
      ++p;
    } else if (c == ' ' || c == '\t') {
      spaced = true;
      ++p;
    } else if (!separated && spaced &&
               (starts_folded(s.substr(p), "is ") || starts_folded(s.substr(p), "was "))) {
      separated = true;
      separator = 'i';
      p += s[p] == 'i' || s[p] == 'I' ? 2 : 3;
    } else {
      break;
    }
  }
  if (!separated) return false;
  if (separator == 'i' && at(s, p) == ':') ++p;
  while (at(s, p) == ' ') ++p;
  const bool header = names(word, "authorization") || names(word, "proxy_authorization") ||
                      names(word, "cookie") || names(word, "set_cookie");
  // The value: between quotes, or up to what ends a word.
  std::size_t backslashes = 0;
  while (at(s, p) == '\\' && backslashes < 16) ++p, ++backslashes;
  std::size_t from = p, to = p;
  bool quoted = false;
  if (quote(at(s, p))) {
    const char q = s[p];
    from = to = p + 1;
    quoted = true;
    while (to < s.size() && !(s[to] == q && (backslashes > 0 || to == from || s[to - 1] != '\\'))) {
      if (s[to] == '\n') return false;
      ++to;
    }
    if (backslashes)
      while (to > from && s[to - 1] == '\\') --to;
  } else {
    if (backslashes) return false;
    const auto ends = [&](char c) {
      if (c == '\n' || c == '\r' || c == '"' || c == '\'' || c == '`' || c == '\\' || c == '<') return true;
      if (header) return false;
      return c == ' ' || c == '\t' || c == ',' || c == ';' || c == ')' || c == ']' || c == '}' || c == '>';
    };
    // '&' ends a value where a name with '=' follows, as in a query.
    const auto next_parameter = [&](std::size_t p_and) {
      std::size_t q = p_and + 1;
      while (q < s.size() && (is_token(s[q]) || s[q] == '.' || s[q] == '[' || s[q] == ']')) ++q;
      return q > p_and + 1 && at(s, q) == '=';
    };
    while (to < s.size() && !ends(s[to]) && !(s[to] == '&' && !header && next_parameter(to)) &&
           !(is_high(s[to]) && mark_at(s, to)))
      ++to;
    while (to > from && (s[to - 1] == '.' || s[to - 1] == ' ')) --to;
  }
  if (to == from) return false;
  std::string_view value = s.substr(from, to - from);
  if (header) {
    // A scheme before the token stays readable.
    bool scheme_seen = false;
    for (const std::string_view scheme : {"bearer ", "basic ", "token ", "digest ", "apikey "})
      if (starts_folded(value, scheme)) {
        scheme_seen = true;
        from += scheme.size();
        value.remove_prefix(scheme.size());
      }
    if (value.size() < 6 || placeholder(value)) return false;
    if (separator == 'i' && !looks_random(value)) return false;
    // "Cookie: yes please" in prose is no header.
    if (!quoted && !scheme_seen && value.find('=') == value.npos && !looks_random(value)) return false;
    out = make(from, to, Detector::credential);
    return true;
  }
  if (placeholder(value) || value.size() < 4) return false;
  if (weak) {
    const bool in_query = begin > 0 && (s[begin - 1] == '?' || s[begin - 1] == '&') && separator == '=';
    if (!(in_query && value.size() >= 8 && std::any_of(value.begin(), value.end(), is_digit)) &&
        !(separator == '=' && looks_random(value)) && !(json && looks_random(value)))
      return false;
    out = make(from, to, Detector::credential);
    return true;
  }
  if (!quoted) {
    // Code: os.environ[…], get_password(), settings.password, a type.
    if (value.find_first_of("([{") != value.npos) return false;
    bool digit = false, special = false, only_name = true;
    for (const char c : value) {
      digit = digit || is_digit(c);
      special = special || !(is_alnum(c) || c == '_' || c == '.' || is_high(c));
      only_name = only_name && (is_alpha(c) || c == '_' || c == '.');
    }
    if (only_name && (value.find('.') != value.npos || value.find('_') != value.npos)) return false;
    if (only_name && !(separator == '=' && tight && value.size() >= 6)) return false;
    if (separator == 'i' && !digit && !special) return false;
  } else if (value.find(' ') != value.npos && value.find_first_of("0123456789") == value.npos &&
             separator != '=' && !json) {
    return false;  // password: "must have eight characters"
  }
  out = make(from, to, Detector::credential);
  return true;
}

}  // namespace

bool looks_random(std::string_view v) {
  if (v.size() < 16) return false;
  std::size_t digits = 0, upper = 0, lowers = 0, other = 0;
  for (const char c : v) {
    if (is_digit(c))
      ++digits;
    else if (is_upper(c))
      ++upper;
    else if (is_alpha(c))
      ++lowers;
    else if (is_space(c) || is_high(c))
      return false;
    else
      ++other;
  }
  if (other * 4 > v.size()) return false;
  return digits >= 2 && (upper + lowers) >= 2 ? true
                                              : digits == 0 && upper >= 4 && lowers >= 4 && v.size() >= 24;
}

bool secret_name(std::string_view name) {
  if (!may_be_secret_name(name)) return false;
  for (const auto& w : kSecretWords) {
    if (w == "signature" || w == "sig" || w == "credentials") continue;
    if (names(name, w)) return true;
  }
  constexpr std::string_view kCamel[] = {"clientSecret", "accessToken", "refreshToken", "authToken",
                                         "sessionToken", "secretKey",   "privateKey",   "apiKey",
                                         "idToken",      "dbPassword",  "userPassword"};
  for (const auto& w : kCamel)
    if (name.ends_with(w)) return true;
  return false;
}

bool maybe_secret_name(std::string_view name) {
  if (!may_be_weak_name(name)) return false;
  return names(name, "token") || names(name, "auth");
}

Secrets::Secrets(std::span<const std::string_view> more) : filter_({}) {
  const auto add = [&](std::string_view text, Kind kind, bool fold, std::uint8_t shape = 0) {
    literals_.push_back({text, kind, fold, shape, 0});
  };
  for (std::size_t k = 0; k < std::size(kShapes); ++k)
    add(kShapes[k].prefix, Kind::api_key, false, static_cast<std::uint8_t>(k));
  add("eyJ", Kind::jwt, false);
  add("BEGIN ", Kind::private_key, false);
  add("bearer ", Kind::bearer, true);
  add("basic ", Kind::basic, true);
  add("://", Kind::url, false);
  add("%40", Kind::percent_at, false);
  for (const auto& t : kTriggers) add(t, Kind::credential, true);
  std::vector<std::string_view> texts;
  // Last first, so that each slot's chain keeps the order of the tables.
  for (std::size_t k = literals_.size(); k-- > 0;) {
    Literal& l = literals_[k];
    texts.push_back(l.text);
    auto& head = slots_[slot(l.text.data())];
    l.next = head;
    head = static_cast<std::uint16_t>(k + 1);
  }
  texts.insert(texts.end(), more.begin(), more.end());
  filter_ = LiteralFilter(texts);
}

bool Secrets::find(std::string_view s, std::size_t i, std::string_view key, DetectorSet wanted,
                   Finding& out) const {
  if (i + 3 > s.size()) return false;
  for (std::size_t k = slots_[slot(s.data() + i)]; k != 0; k = literals_[k - 1].next) {
    const Literal& l = literals_[k - 1];
    const std::string_view here = s.substr(i, l.text.size());
    if (l.fold ? !equal_folded(here, l.text) : here != l.text) continue;
    switch (l.kind) {
      case Kind::api_key: {
        if (!(wanted & bit(Detector::api_key))) break;
        const Shape& shape = kShapes[l.shape];
        if (!word_begins(s, i) || (i > 0 && s[i - 1] == '-')) {
          // The host of a webhook may stand behind a slash or dot only.
          break;
        }
        std::size_t p = i + l.text.size();
        std::size_t digits = 0, capitals = 0;
        while (p < s.size() && in_alphabet(s[p], shape.alphabet)) {
          digits += is_digit(s[p]);
          capitals += is_upper(s[p]);
          ++p;
        }
        if (shape.alphabet == Alphabet::dotted)
          while (p > i && (s[p - 1] == '.' || s[p - 1] == '/')) --p;
        if (p - i < l.text.size() + shape.least) break;
        // kebab-case-names-of-things have neither digits nor mixed case.
        if (digits == 0 && !(capitals >= 4 && shape.alphabet != Alphabet::upper) &&
            shape.alphabet != Alphabet::upper)
          break;
        if (shape.alphabet == Alphabet::token && l.text == "sk-" && digits < 2 && capitals < 2) break;
        if (shape.alphabet == Alphabet::upper && p - i > l.text.size() + 64) break;
        if (shape.alphabet == Alphabet::upper && is_alpha(at(s, p))) break;
        out = make(i, p, Detector::api_key);
        return true;
      }
      case Kind::jwt:
        if ((wanted & bit(Detector::jwt)) && jwt(s, i, out)) return true;
        break;
      case Kind::private_key:
        if ((wanted & bit(Detector::private_key)) && private_key(s, i, out)) return true;
        break;
      case Kind::bearer:
        if ((wanted & bit(Detector::credential)) && bearer(s, i, l.text.size(), out)) return true;
        break;
      case Kind::basic:
        if ((wanted & bit(Detector::credential)) && basic(s, i, l.text.size(), out)) return true;
        break;
      case Kind::url:
        if ((wanted & bit(Detector::credential)) && user_info(s, i, out)) return true;
        break;
      case Kind::credential:
        if ((wanted & bit(Detector::credential)) && assignment(s, i, l.text.size(), key, out)) return true;
        break;
      case Kind::percent_at:
        if ((wanted & bit(Detector::email)) && find_email(s, i, l.text.size(), out)) return true;
        break;
    }
  }
  return false;
}

}  // namespace turnscope::pipeline
