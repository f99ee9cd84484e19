#include "redact_corpus.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <functional>

#include "pipeline/numbers.h"

namespace turnscope::bench {
namespace {

using pipeline::Detector;
using pipeline::kDetectors;
using Strings = std::vector<std::string>;

/// SplitMix64: the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t n) { return next() % n; }
  bool chance(unsigned percent) { return below(100) < percent; }
  const std::string& of(const Strings& list) { return list[below(list.size())]; }
  std::string some(std::string_view alphabet, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += alphabet[below(alphabet.size())];
    return out;
  }
  std::string digits(std::size_t n) { return some("0123456789", n); }
  std::string hex(std::size_t n) { return some("0123456789abcdef", n); }
  std::string alnum(std::size_t n) {
    return some("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", n);
  }
  std::string token(std::size_t n) {
    return some("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", n);
  }
  std::string upper(std::size_t n) { return some("ABCDEFGHIJKLMNOPQRSTUVWXYZ", n); }
  std::string uuid() { return hex(8) + "-" + hex(4) + "-4" + hex(3) + "-a" + hex(3) + "-" + hex(12); }
  /// "{hex 32}", "{word}" and the like become what they name; other braces stay.
  std::string made(std::string_view shape);
  /// '#' becomes a digit, '%' one of 2 to 9.
  std::string fill(std::string_view shape) {
    std::string out;
    for (const char c : shape)
      out += c == '#' ? digits(1) : c == '%' ? some("23456789", 1) : std::string(1, c);
    return out;
  }

 private:
  std::uint64_t state_;
};

const Strings kFirst = {"Anna",    "Bernd", "Carlos", "Dilara", "Emeka", "Fatima", "Giorgio", "Hanako",
                        "Ingrid",  "Jamal", "Katya",  "Liam",   "Mei",   "Noah",   "Olga",    "Pierre",
                        "Quentin", "Rosa",  "Sven",   "Tomás",  "Uma",   "Viktor", "Wanda",   "Xavier",
                        "Yusuf",   "Zoë",   "Aisha",  "Björn",  "Chloé", "Dmitri"};
const Strings kLast = {"Okafor",    "Müller", "García",    "Nakamura", "O'Brien", "Petrov",   "Schneider",
                       "Lindqvist", "Rossi",  "Haddad",    "Kowalski", "Nguyen",  "Oyelaran", "Fischer",
                       "Moreau",    "Silva",  "Johansson", "Becker",   "Walker",  "Tanaka"};
const Strings kWords = {"ticket",   "summary", "please",  "refund", "the",   "agent",   "retrieved",
                        "context",  "deploy",  "model",   "answer", "about", "invoice", "with",
                        "customer", "policy",  "cluster", "failed", "again", "report"};
const Strings kDomains = {"example.com",     "mail.example.org",   "firma-beispiel.de", "example.co.uk",
                          "uni.example.edu", "sub.dom.example.io", "beispiel.example",  "corp.example.travel",
                          "example.museum",  "exämple.de"};
/// Around a thing, so that it begins and ends in every way.
const Strings kFrames = {"{}",
                         "Please write to {} today.",
                         "({})",
                         "\"{}\"",
                         "value={}",
                         "value: {}\n",
                         "first line\n{}\nlast line",
                         "{}, and then more",
                         "see <{}> or ask",
                         "[{}]",
                         "| {} | 12 | ok |",
                         "* {}\n* next",
                         "The user said: {}.",
                         "{\"note\":\"{}\",\"n\":3}",
                         "{\"messages\":[{\"role\":\"user\",\"content\":\"it is {} I think\"}]}",
                         "{\\\"inner\\\":\\\"{}\\\"}",
                         "2026-03-01T10:00:00Z INFO request done {} 200 12ms",
                         "Bitte an {} senden, danke!",
                         "用户 {} 已确认",
                         "x = '{}'  # comment",
                         "ids: 7f3a9c2e, {}; 42",
                         "…{}…",
                         "\\n{}\\n",
                         "Señor, {}; gracias"};

std::string Random::made(std::string_view shape) {
  std::string out;
  while (!shape.empty()) {
    const auto open = shape.find('{');
    out += shape.substr(0, open);
    if (open == shape.npos) break;
    shape.remove_prefix(open + 1);
    const auto close = shape.find('}');
    const auto inner = shape.substr(0, close == shape.npos ? 0 : close);
    const auto space = inner.find(' ');
    const auto what = inner.substr(0, space);
    std::size_t n = 0;
    if (space != inner.npos) std::from_chars(inner.data() + space + 1, inner.data() + inner.size(), n);
    const auto before = out.size();
    if (what == "hex") out += hex(n);
    if (what == "alnum") out += alnum(n);
    if (what == "token") out += token(n);
    if (what == "digits") out += digits(n);
    if (what == "upper") out += upper(n);
    if (what == "lower") out += some("abcdefghijkmnpqrstuvwxyz", n);
    if (what == "base32") out += some("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", n);
    if (what == "mark") out += some("!#*+", 1);
    if (what == "nonzero") out += some("123456789", 1);
    if (what == "uuid") out += uuid();
    if (what == "below") out += std::to_string(below(n));
    if (what == "two") out += fmt::format("{:02}", below(n));
    if (what == "version") out += fmt::format("{}.{}.{}", below(20), below(40), below(100));
    if (what == "word") out += of(kWords);
    if (what == "first") out += of(kFirst);
    if (what == "last") out += of(kLast);
    if (out.size() == before)
      out += '{';  // names nothing
    else
      shape.remove_prefix(close + 1);
  }
  return out;
}

std::string lower(std::string s) {
  for (char& c : s)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return s;
}

void check_digit_luhn(std::string& digits) {
  for (char c = '0'; c <= '9'; ++c) {
    digits.back() = c;
    if (pipeline::luhn(digits)) return;
  }
}
std::string in_groups(const std::string& digits, const std::vector<std::size_t>& lengths, char separator) {
  std::string out;
  std::size_t at = 0;
  for (const std::size_t n : lengths) {
    if (at >= digits.size()) break;
    if (at) out += separator;
    out += digits.substr(at, n);
    at += n;
  }
  if (at < digits.size()) out += separator + digits.substr(at);
  return out;
}

std::string email(Random& r) {
  const std::string first = lower(r.of(kFirst)), last = lower(r.of(kLast));
  std::string local;
  switch (r.below(7)) {
    case 0:
      local = first + "." + last;
      break;
    case 1:
      local = first.substr(0, 1) + last;
      break;
    case 2:
      local = first + std::to_string(r.below(100));
      break;
    case 3:
      local = first + "+" + r.of(kWords);
      break;
    case 4:
      local = first + "_" + last;
      break;
    case 5:
      local = r.of(kFirst) + "." + r.of(kLast);
      break;
    default:
      local = "info";
      break;
  }
  return local + (r.chance(8) ? "%40" : "@") + r.of(kDomains);
}
std::string phone(Random& r) {
  static const Strings shapes = {
      "+49 30 ######",     "+49 17# #######",  "+49-89-#######",   "+4930######",       "+1 (%1#) %##-####",
      "+1-%1#-%##-####",   "+1%1#%######",     "+44 20 #### ####", "+44 7### ######",   "+33 6 ## ## ## ##",
      "+34 6## ### ###",   "+39 06 #### ####", "+91 9#### #####",  "+86 138 #### ####", "+81 3-####-####",
      "+55 11 9####-####", "+61 4## ### ###",  "+7 9## ###-##-##", "+234 80# ### ####", "+971 50 ### ####",
      "(%1#) %##-####",    "%1#-%##-####",     "%1#.%##.####",     "1-%1#-%##-####",    "0049 30 ######",
      "0044 20 #### ####", "020 7### ####",    "06 ## ## ## ##",   "030 ######",        "0171 #######",
      "+41 44 ### ## ##",  "+48 ### ### ###",  "+31 6 ########",   "+46 70 ### ## ##",  "+1 %1# %## ####"};
  return r.fill(r.of(shapes));
}
std::string ssn(Random& r) {
  std::string area;
  do area = r.digits(3);
  while (area == "000" || area == "666" || area[0] == '9');
  return fmt::format("{}-{:02}-{:04}", area, 1 + r.below(99), 1 + r.below(9'999));
}
std::string card(Random& r) {
  static const std::vector<std::pair<std::string, std::size_t>> issuers = {
      {"4", 16},  {"4", 16},  {"51", 16},   {"55", 16}, {"53", 16},   {"2221", 16}, {"2500", 16},
      {"34", 15}, {"37", 15}, {"6011", 16}, {"65", 16}, {"3530", 16}, {"36", 14},   {"62", 16}};
  const auto& [prefix, length] = issuers[r.below(issuers.size())];
  std::string d = prefix + r.digits(length - prefix.size());
  check_digit_luhn(d);
  if (r.chance(40)) return d;
  const char separator = r.chance(70) ? ' ' : '-';
  if (length == 15) return in_groups(d, {4, 6, 5}, separator);
  if (length == 14) return in_groups(d, {4, 6, 4}, separator);
  return in_groups(d, {4, 4, 4, 4}, separator);
}
std::string iban(Random& r) {
  static const std::vector<std::pair<std::string, std::string>> shapes = {
      {"DE", "##################"},    {"FR", "####################ZZ#"}, {"GB", "AAAA##############"},
      {"ES", "####################"},  {"IT", "A######################"}, {"NL", "AAAA##########"},
      {"CH", "#################"},     {"AT", "################"},        {"PL", "########################"},
      {"BE", "############"},          {"SE", "####################"},    {"NO", "###########"},
      {"PT", "#####################"}, {"TR", "######################"},  {"SA", "####################"}};
  const auto& [country, shape] = shapes[r.below(shapes.size())];
  std::string body;
  for (const char c : shape)
    body += c == '#' ? r.digits(1) : c == 'A' ? r.upper(1) : r.some("ABCDEFGHJK0123456789", 1);
  for (int check = 2; check < 99; ++check) {
    std::string full = fmt::format("{}{:02}{}", country, check, body);
    if (!pipeline::valid_iban(full)) continue;
    if (r.chance(50)) return full;
    std::string spaced;
    for (std::size_t i = 0; i < full.size(); ++i)
      spaced += (i && i % 4 == 0 ? " " : "") + std::string(1, full[i]);
    return spaced;
  }
  return "DE89370400440532013000";
}
std::string ip(Random& r) {
  if (r.chance(60)) {
    std::size_t first;
    do first = 1 + r.below(223);
    while (first == 127);
    return fmt::format("{}.{}.{}.{}", first, r.below(256), r.below(256), 1 + r.below(254));
  }
  switch (r.below(4)) {
    case 0:
      return fmt::format("2001:db8:{}:{}::{}", r.hex(4), r.hex(3), 1 + r.below(999));
    case 1:
      return fmt::format("2a02:{}:{}:{}:{}:{}:{}:{}", r.hex(4), r.hex(4), r.hex(4), r.hex(4), r.hex(4),
                         r.hex(4), r.hex(4));
    case 2:
      return fmt::format("fe80::{}:{}:{}:{}", r.hex(4), r.hex(4), r.hex(4), "1" + r.hex(3));
    default:
      return fmt::format("::ffff:{}.{}.{}.{}", 1 + r.below(126), r.below(256), r.below(256), r.below(256));
  }
}
std::string api_key(Random& r) {
  static const Strings shapes = {
      "sk-proj-{token 40}{alnum 4}9",
      "sk-ant-api03-{token 80}AA1",
      "sk-{alnum 47}7",
      "AKIA{base32 16}",
      "ASIA{base32 16}",
      "AIza{alnum 34}0",
      "ghp_{alnum 36}",
      "github_pat_{alnum 22}_{alnum 59}",
      "glpat-{alnum 19}4",
      "xoxb-{digits 12}-{digits 12}-{alnum 24}",
      "xoxp-{digits 12}-{digits 12}-{digits 12}-{hex 32}",
      "hf_{alnum 34}",
      "gsk_{alnum 52}",
      "r8_{alnum 37}",
      "sk_live_{alnum 24}",
      "rk_live_{alnum 24}",
      "whsec_{alnum 32}",
      "SG.{alnum 22}.{alnum 43}",
      "npm_{alnum 36}",
      "pypi-AgEIcHlwaS5vcmc{token 60}0",
      "dop_v1_{hex 64}",
      "shpat_{hex 32}",
      "lsv2_pt_{hex 32}_{hex 10}",
      "nvapi-{token 60}x1",
      "xai-{alnum 80}",
      "pplx-{alnum 48}",
      "dapi{hex 32}",
      "ya29.{token 60}a1",
      "GOCSPX-{alnum 28}",
      "sk-lf-{uuid}",
      "tvly-{alnum 32}",
      "sk-or-v1-{hex 64}",
  };
  return r.made(r.of(shapes));
}
std::string jwt(Random& r) {
  static const Strings heads = {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0",
                                "eyJhbGciOiJFUzI1NiJ9"};
  return r.of(heads) + ".eyJ" + r.token(30 + r.below(90)) + "Q." + r.token(42) + "M";
}
std::string private_key(Random& r) {
  static const Strings kinds = {"RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY",
                                "ENCRYPTED PRIVATE KEY"};
  const std::string& kind = r.of(kinds);
  const std::string line_end = r.chance(30) ? "\\n" : "\n";
  std::string out = "-----BEGIN " + kind + "-----" + line_end;
  for (std::size_t n = 2 + r.below(4); n > 0; --n) out += r.alnum(64) + line_end;
  return out + r.alnum(30) + "==" + line_end + "-----END " + kind + "-----";
}
std::string street(Random& r) {
  static const Strings english = {"Baker",  "Maple",    "Pennsylvania",       "Elm",
                                  "King's", "Oak Hill", "Martin Luther King", "St James",
                                  "5th",    "Evergreen"};
  static const Strings suffix = {"Street", "St",   "Avenue", "Ave",   "Road",    "Rd",    "Boulevard",
                                 "Blvd",   "Lane", "Drive",  "Court", "Terrace", "Square"};
  static const Strings german = {"Hauptstraße", "Bahnhofstraße",   "Gartenweg",       "Schillerplatz",
                                 "Lindenallee", "Berliner Straße", "Karl-Marx-Allee", "Goethestr.",
                                 "Mühlengasse", "Kerkstraat",      "Prinsengracht"};
  static const Strings french = {"rue de la Paix", "avenue Foch",     "boulevard Saint-Michel",
                                 "place Vendôme",  "rue Victor Hugo", "quai des Orfèvres"};
  static const Strings romance = {"Calle Mayor",        "Avenida Libertador", "Via Roma",
                                  "Via Giuseppe Verdi", "Rua Augusta",        "Plaza España",
                                  "Piazza Garibaldi"};
  const std::string n = std::to_string(1 + r.below(1'999)),
                    small = std::to_string(1 + r.below(199)) + (r.chance(20) ? "b" : "");
  switch (r.below(4)) {
    case 0:
      return n + " " + r.of(english) + " " + r.of(suffix) +
             (r.chance(20)   ? ", Apt 4B"
              : r.chance(20) ? " NW"
                             : "");
    case 1:
      return r.of(german) + " " + small;
    case 2:
      return small.substr(0, small.find('b')) + (r.chance(30) ? ", " : " ") + r.of(french);
    default:
      return r.of(romance) + (r.chance(30) ? ", " : " ") + small;
  }
}

/// A text whose secret is only a part of it: «…».
std::string credential(Random& r) {
  // A password is as a person or as a generator makes it.
  static const Strings passwords = {"{alnum 20}7k", "{lower 5}{digits 3}{mark}{alnum 2}"};
  static const Strings shapes = {
      "Authorization: Bearer «{alnum 22}3a»",
      "authorization=\"Bearer «{alnum 22}3a»\"",
      "curl -H 'X-Api-Key: «{alnum 22}3a»' https://api.example.com",
      "postgres://app:«{alnum 12}»@db.example:5432/x",
      "GET /v1/items?api_key=«{alnum 22}3a»&page=2",
      "GET /v1/items?page=2&token=«{alnum 22}3a»",
      "{\"user\":\"x\",\"password\":\"«{password}»\"}",
      "{\\\"client_secret\\\":\\\"«{alnum 22}3a»\\\"}",
      "export DB_PASSWORD=«{password}»",
      "AWS_SECRET_ACCESS_KEY=«{alnum 39}7»",
      "password: «{password}»",
      "my password is «{password}» thanks",
      "Cookie: sid=«{alnum 24}»",
      "Set-Cookie: session=«{alnum 24}»; Path=/; HttpOnly",
      "client = Client(api_key=\"«{alnum 22}3a»\")",
      "https://example.com/cb?code=«{alnum 14}4»&state=x",
      "redis://:«{alnum 16}»@cache:6379",
      "refresh_token=«{alnum 22}3a»",
      "clientSecret: '«{alnum 22}3a»'",
      "config.set('secret_key', x); secret_key = \"«{alnum 22}3a»\"",
  };
  std::string shape = r.of(shapes);
  if (const auto at = shape.find("{password}"); at != shape.npos)
    shape.replace(at, std::string_view("{password}").size(), r.of(passwords));
  return r.made(shape);
}

/// What looks like something and is nothing, whatever is looked for.
const Strings kHarmless = {
    "trace {hex 32} span {hex 16}",
    "request id {uuid}",
    "at 17{digits 11} ms",
    "time 17{digits 17} ns",
    "2026-0{below 9}-1{below 9}T1{below 9}:{two 60}:{two 60}.{digits 3}+02:00",
    "commit {hex 40}",
    "order number {digits 10}",
    "order number {digits 13}",
    "total ${below 9999}.{two 100} for {below 50} items",
    "image: registry.example/app@sha256:{hex 64}",
    "for (int i = {below 9}; i < {below 999}; ++i) sum += a[i] * {below 99999};",
    "v{version}-rc.{below 9}",
    "{\"input_tokens\":{below 100000},\"output_tokens\":{below 9999},\"total_tokens\":{below 200000}}",
    "lat {below 90}.{digits 6} lon {below 180}.{digits 6}",
    "call_{alnum 24} chatcmpl-{alnum 29}",
};
/// The same for one detector; those that need a check digit to be wrong are made below.
const Strings& harmless(Detector about) {
  static const std::array<Strings, kDetectors> all = [] {
    std::array<Strings, kDetectors> of;
    const auto set = [&](Detector d, Strings shapes) { of[static_cast<std::size_t>(d)] = std::move(shapes); };
    set(Detector::email,
        {"npm i {word}@{version}", "git@example.com:{word}/{word}.git", "@{word}.route('/x')",
         "{word}@2x.png", "ssh deploy@{word}", "{below 99} kg @ {below 99}.{two 100} each",
         "import x from '@{word}/{word}'", "SELECT @{word}, b FROM t"});
    set(Detector::phone, {"ISBN 978-3-16-{digits 6}-{digits 1}", "ZIP 9{digits 4}-{digits 4}",
                          "invoice 2026-{digits 3}-{digits 4}", "tracking 1Z{digits 3}AA{digits 10}",
                          "resize to {below 4000}x{below 4000} px", "SKU {digits 3}-{digits 3}-{digits 3}",
                          "+{below 500} points, -{below 9} lives", "rows 1000-2000 of {digits 7}",
                          "epoch 17{digits 8}", "{nonzero} 000 000 users in 20{two 26}"});
    set(Detector::ssn, {"part {nonzero}{digits 2}-{digits 2}-{digits 4}", "000-{digits 2}-{digits 4}",
                        "9{digits 2}-{digits 2}-{digits 4}", "{nonzero}{digits 3}-{digits 2}-{digits 4}",
                        "range 100-20-{digits 2}"});
    set(Detector::card, {"order {digits 16}", "IMEI 35{digits 13}", "snowflake 1{digits 17}",
                         "snowflake 1{digits 18}", "0.{digits 16}"});
    set(Detector::iban, {"VIN WVWZZZ1JZ3W{digits 6}", "SWIFT DEUTDEFF{digits 3}", "{upper 2}{digits 20}"});
    set(Detector::ip,
        {"version {below 9}.{below 9}.{below 9}.{below 99}", "OID 1.3.6.1.4.1.{below 9999}.{below 9}",
         "at {two 24}:{two 60}:{two 60}", "mac {hex 2}:{hex 2}:{hex 2}:{hex 2}:{hex 2}:{hex 2}",
         "std::{word}::{word}()", "listening on 127.0.0.1:1{digits 4}",
         "9{two 60}.{below 256}.{below 256}.{below 256}", "Chrome/1{two 50}.0.0.0 Safari/537.36"});
    set(Detector::api_key,
        {"class=\"sk-{word}-{word}-circle\"", "task-{digits 6}-{hex 12}", "risk-{word}-{word}",
         "sha256:{hex 64}", "data:image/png;base64,iVBORw0KGgo{alnum 60}", "desk-{alnum 30}"});
    set(Detector::jwt, {"eyJ{alnum 40}", "com.example.{word}.{word}", "prefix eyJ is base64 for {\""});
    set(Detector::private_key, {"-----BEGIN CERTIFICATE-----\n{alnum 64}\n-----END CERTIFICATE-----",
                                "-----BEGIN PUBLIC KEY-----\n{alnum 64}\n-----END PUBLIC KEY-----"});
    set(Detector::credential,
        {"password: required", "api_key=os.environ['OPENAI_API_KEY']", "password = get_password(user)",
         "max_tokens={below 9999}", "the secret of {word} is patience", "reset your password: click the link",
         "token usage: {below 9999}", "?page=2&sort=key&order=desc", "api_key: ${API_KEY}",
         "bearer of bad news and basic needs"});
    set(Detector::address, {"{below 99} {word} on the road", "step {below 20} Run the tests",
                            "Chapter {below 30} Court of Appeal", "there are {below 20} ways to {word}",
                            "row {below 999} of table {below 9}", "Figure {below 20} Drive letters"});
    set(Detector::name, {"{first} and the {word}", "Mr. {last} of {word}"});
    set(Detector::pattern, {"EMP-{digits 5} EMPLOYEE-{digits 6}"});
    return of;
  }();
  return all[static_cast<std::size_t>(about)];
}

std::string negative(Random& r, Detector about) {
  if (r.chance(40)) return r.made(r.of(kHarmless));
  // One digit wrong.
  if (about == Detector::card && r.chance(20)) {
    std::string d = "4" + r.digits(15);
    check_digit_luhn(d);
    d[7] = d[7] == '9' ? '0' : static_cast<char>(d[7] + 1);
    return d;
  }
  if (about == Detector::iban && r.chance(25)) {
    std::string d = iban(r);
    d[3] = d[3] == '9' ? '1' : static_cast<char>(d[3] + 1);
    return d;
  }
  return r.made(r.of(harmless(about)));
}

/// Takes the marks out of a text: «detector:thing», or «thing» of `usual`.
Status unmark(std::string_view marked, Detector usual, CorpusCase& out) {
  std::size_t at = 0;
  while (at < marked.size()) {
    const auto open = marked.find("«", at);
    out.text += marked.substr(at, open - at);
    if (open == marked.npos) break;
    const auto close = marked.find("»", open);
    if (close == marked.npos) return fail(ErrorKind::invalid_argument, "« without »");
    std::string_view inner = marked.substr(open + 2, close - open - 2);
    Detector detector = usual;
    for (std::size_t d = 0; d < kDetectors; ++d) {
      const std::string_view n = pipeline::kDetectorTable[d].name;
      if (inner.starts_with(n) && inner.substr(n.size()).starts_with(':')) {
        detector = static_cast<Detector>(d);
        inner.remove_prefix(n.size() + 1);
        break;
      }
    }
    if (detector == Detector::count) return fail(ErrorKind::invalid_argument, "a mark without a detector");
    out.expected.push_back({out.text.size(), out.text.size() + inner.size(), detector});
    out.text += inner;
    at = close + 2;
  }
  return {};
}

std::string framed(Random& r, const std::string& thing) {
  std::string frame = r.of(kFrames);
  // A thing with lines of its own or quotes does not fit into everything.
  if (thing.find_first_of("\n\"'\\{") != std::string::npos) frame = r.chance(50) ? "{}" : "see:\n{}\nend";
  return frame.replace(frame.find("{}"), 2, thing);
}

}  // namespace

Result<Corpus> make_corpus(std::uint64_t seed, std::size_t each, std::string_view hard_cases) {
  Random r(seed);
  Corpus corpus;
  for (const auto& first : kFirst)
    for (std::size_t k = 0; k < 3; ++k) corpus.names += first + " " + r.of(kLast) + "\n";
  Strings names;
  for (std::size_t at = 0; at < corpus.names.size();) {
    const auto end = corpus.names.find('\n', at);
    names.push_back(corpus.names.substr(at, end - at));
    at = end + 1;
  }
  const auto marked = [](const std::string& thing) { return "«" + thing + "»"; };
  const std::array<std::function<std::string()>, kDetectors> make = {
      [&] { return marked(email(r)); },
      [&] {
        if (!r.chance(15)) return marked(phone(r));
        static const Strings told = {"call me at {}", "phone: {}", "Tel. {}", "my mobile number is {}",
                                     "WhatsApp {}"};
        std::string t = r.of(told);
        return t.replace(t.find("{}"), 2, marked(r.fill("%1#%######")));
      },
      [&] {
        const std::string s = ssn(r);
        if (r.chance(75)) return marked(s);
        std::string bare = s.substr(0, 3) + s.substr(4, 2) + s.substr(7);
        return "SSN: " +
               marked(r.chance(50) ? bare : s.substr(0, 3) + " " + s.substr(4, 2) + " " + s.substr(7));
      },
      [&] { return marked(card(r)); },
      [&] { return marked(iban(r)); },
      [&] { return marked(ip(r)); },
      [&] { return marked(api_key(r)); },
      [&] { return marked(jwt(r)); },
      [&] { return marked(private_key(r)); },
      [&] { return credential(r); },
      [&] { return marked(street(r)); },
      [&] { return marked(r.of(names)); },
      [&] { return marked("EMP-" + r.digits(6)); },
  };
  for (std::size_t d = 0; d < kDetectors; ++d) {
    const auto detector = static_cast<Detector>(d);
    for (std::size_t k = 0; k < each; ++k) {
      CorpusCase c;
      TS_TRY(unmark(framed(r, make[d]()), detector, c));
      c.about = detector;
      c.test_half = r.chance(50);
      corpus.cases.push_back(std::move(c));
    }
    for (std::size_t k = 0; k < each + each / 2; ++k) {
      CorpusCase c;
      c.text = framed(r, negative(r, detector));
      c.about = detector;
      c.test_half = r.chance(50);
      corpus.cases.push_back(std::move(c));
    }
  }
  std::size_t line_number = 0;
  while (!hard_cases.empty()) {
    const auto end = hard_cases.find('\n');
    const std::string_view line = hard_cases.substr(0, end);
    hard_cases = end == hard_cases.npos ? std::string_view{} : hard_cases.substr(end + 1);
    ++line_number;
    if (line.empty() || line.starts_with('#')) continue;
    CorpusCase c;
    if (auto ok = unmark(line, Detector::count, c); !ok)
      return fail(ok.error().with_context(fmt::format("hard_cases.txt line {}", line_number)));
    c.test_half = r.chance(50);
    c.written = true;
    corpus.cases.push_back(std::move(c));
  }
  return corpus;
}

}  // namespace turnscope::bench
