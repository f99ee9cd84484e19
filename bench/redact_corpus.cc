#include "redact_corpus.h"

#include <fmt/format.h>

#include <array>
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
  switch (r.below(32)) {
    case 0:
      return "sk-proj-" + r.token(40) + r.alnum(4) + "9";
    case 1:
      return "sk-ant-api03-" + r.token(80) + "AA1";
    case 2:
      return "sk-" + r.alnum(47) + "7";
    case 3:
      return "AKIA" + r.some("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
    case 4:
      return "ASIA" + r.some("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
    case 5:
      return "AIza" + r.alnum(34) + "0";
    case 6:
      return "ghp_" + r.alnum(36);
    case 7:
      return "github_pat_" + r.alnum(22) + "_" + r.alnum(59);
    case 8:
      return "glpat-" + r.alnum(19) + "4";
    case 9:
      return "xoxb-" + r.digits(12) + "-" + r.digits(12) + "-" + r.alnum(24);
    case 10:
      return "xoxp-" + r.digits(12) + "-" + r.digits(12) + "-" + r.digits(12) + "-" + r.hex(32);
    case 11:
      return "hf_" + r.alnum(34);
    case 12:
      return "gsk_" + r.alnum(52);
    case 13:
      return "r8_" + r.alnum(37);
    case 14:
      return "sk_live_" + r.alnum(24);
    case 15:
      return "rk_live_" + r.alnum(24);
    case 16:
      return "whsec_" + r.alnum(32);
    case 17:
      return "SG." + r.alnum(22) + "." + r.alnum(43);
    case 18:
      return "npm_" + r.alnum(36);
    case 19:
      return "pypi-AgEIcHlwaS5vcmc" + r.token(60) + "0";
    case 20:
      return "dop_v1_" + r.hex(64);
    case 21:
      return "shpat_" + r.hex(32);
    case 22:
      return "lsv2_pt_" + r.hex(32) + "_" + r.hex(10);
    case 23:
      return "nvapi-" + r.token(60) + "x1";
    case 24:
      return "xai-" + r.alnum(80);
    case 25:
      return "pplx-" + r.alnum(48);
    case 26:
      return "dapi" + r.hex(32);
    case 27:
      return "ya29." + r.token(60) + "a1";
    case 28:
      return "GOCSPX-" + r.alnum(28);
    case 29:
      return "sk-lf-" + r.uuid();
    case 30:
      return "tvly-" + r.alnum(32);
    default:
      return "sk-or-v1-" + r.hex(64);
  }
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
  const std::string secret =
      r.chance(50) ? r.alnum(20) + "7k"
                   : r.some("abcdefghijkmnpqrstuvwxyz", 5) + r.digits(3) + r.some("!#*+", 1) + r.alnum(2);
  const std::string plain = r.alnum(22) + "3a";
  switch (r.below(20)) {
    case 0:
      return "Authorization: Bearer «" + plain + "»";
    case 1:
      return "authorization=\"Bearer «" + plain + "»\"";
    case 2:
      return "curl -H 'X-Api-Key: «" + plain + "»' https://api.example.com";
    case 3:
      return "postgres://app:«" + r.alnum(12) + "»@db.example:5432/x";
    case 4:
      return "GET /v1/items?api_key=«" + plain + "»&page=2";
    case 5:
      return "GET /v1/items?page=2&token=«" + plain + "»";
    case 6:
      return "{\"user\":\"x\",\"password\":\"«" + secret + "»\"}";
    case 7:
      return "{\\\"client_secret\\\":\\\"«" + plain + "»\\\"}";
    case 8:
      return "export DB_PASSWORD=«" + secret + "»";
    case 9:
      return "AWS_SECRET_ACCESS_KEY=«" + r.alnum(39) + "7»";
    case 10:
      return "password: «" + secret + "»";
    case 11:
      return "my password is «" + secret + "» thanks";
    case 12:
      return "Cookie: sid=«" + r.alnum(24) + "»";
    case 13:
      return "Set-Cookie: session=«" + r.alnum(24) + "»; Path=/; HttpOnly";
    case 14:
      return "client = Client(api_key=\"«" + plain + "»\")";
    case 15:
      return "https://example.com/cb?code=«" + r.alnum(14) + "4»&state=x";
    case 16:
      return "redis://:«" + r.alnum(16) + "»@cache:6379";
    case 17:
      return "refresh_token=«" + plain + "»";
    case 18:
      return "clientSecret: '«" + plain + "»'";
    default:
      return "config.set('secret_key', x); secret_key = \"«" + plain + "»\"";
  }
}

std::string negative(Random& r, Detector about) {
  const auto version = [&] { return fmt::format("{}.{}.{}", r.below(20), r.below(40), r.below(100)); };
  // Half are of kinds that fit every detector.
  if (r.chance(40)) {
    switch (r.below(14)) {
      case 0:
        return "trace " + r.hex(32) + " span " + r.hex(16);
      case 1:
        return "request id " + r.uuid();
      case 2:
        return fmt::format("at {} ms", 1'700'000'000'000 + r.below(90'000'000'000));
      case 3:
        return fmt::format("time {} ns", 1'700'000'000'000'000'000ull + r.next() % 90'000'000'000'000'000ull);
      case 4:
        return fmt::format("2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+02:00", 1 + r.below(12), 1 + r.below(28),
                           r.below(24), r.below(60), r.below(60), r.below(1000));
      case 5:
        return "commit " + r.hex(40);
      case 6:
        return "order number " + r.digits(10 + r.below(4));
      case 7:
        return fmt::format("total ${}.{:02} for {} items", r.below(9'999), r.below(100), r.below(50));
      case 8:
        return "image: registry.example/app@sha256:" + r.hex(64);
      case 9:
        return fmt::format("for (int i = {}; i < {}; ++i) sum += a[i] * {};", r.below(9), r.below(999),
                           r.below(99'999));
      case 10:
        return "v" + version() + "-rc." + std::to_string(r.below(9));
      case 11:
        return fmt::format("{{\"input_tokens\":{},\"output_tokens\":{},\"total_tokens\":{}}}",
                           r.below(100'000), r.below(9'999), r.below(200'000));
      case 12:
        return fmt::format("lat {}.{} lon {}.{}", r.below(90), r.digits(6), r.below(180), r.digits(6));
      default:
        return "call_" + r.alnum(24) + " chatcmpl-" + r.alnum(29);
    }
  }
  switch (about) {
    case Detector::email:
      switch (r.below(8)) {
        case 0:
          return "npm i " + r.of(kWords) + "@" + version();
        case 1:
          return "git@example.com:" + r.of(kWords) + "/" + r.of(kWords) + ".git";
        case 2:
          return "@" + r.of(kWords) + ".route('/x')";
        case 3:
          return r.of(kWords) + "@2x.png";
        case 4:
          return "ssh deploy@" + r.of(kWords);
        case 5:
          return fmt::format("{} kg @ {}.{:02} each", r.below(99), r.below(99), r.below(100));
        case 6:
          return "import x from '@" + r.of(kWords) + "/" + r.of(kWords) + "'";
        default:
          return "SELECT @" + r.of(kWords) + ", b FROM t";
      }
    case Detector::phone:
      switch (r.below(10)) {
        case 0:
          return "ISBN 978-3-16-" + r.digits(6) + "-" + r.digits(1);
        case 1:
          return "ZIP 9" + r.digits(4) + "-" + r.digits(4);
        case 2:
          return "invoice 2026-" + r.digits(3) + "-" + r.digits(4);
        case 3:
          return "tracking 1Z" + r.digits(3) + "AA" + r.digits(10);
        case 4:
          return fmt::format("resize to {}x{} px", r.below(4'000), r.below(4'000));
        case 5:
          return "SKU " + r.digits(3) + "-" + r.digits(3) + "-" + r.digits(3);
        case 6:
          return fmt::format("+{} points, -{} lives", r.below(500), r.below(9));
        case 7:
          return "rows 1000-2000 of " + r.digits(7);
        case 8:
          return "epoch 17" + r.digits(8);
        default:
          return fmt::format("{} 000 000 users in {}", 1 + r.below(9), 2000 + r.below(26));
      }
    case Detector::ssn:
      switch (r.below(5)) {
        case 0:
          return "part " + ssn(r);
        case 1:
          return "000-" + r.digits(2) + "-" + r.digits(4);
        case 2:
          return "9" + r.digits(2) + "-" + r.digits(2) + "-" + r.digits(4);
        case 3:
          return r.some("123456789", 1) + r.digits(3) + "-" + r.digits(2) + "-" + r.digits(4);
        default:
          return "range 100-20-" + r.digits(2);
      }
    case Detector::card:
      switch (r.below(5)) {
        case 0:
          return "order " + r.digits(16);
        case 1:
          return "IMEI 35" + r.digits(13);
        case 2:
          return "snowflake 1" + r.digits(17 + r.below(2));
        case 3: {
          std::string d = "4" + r.digits(15);
          check_digit_luhn(d);
          d[7] = d[7] == '9' ? '0' : static_cast<char>(d[7] + 1);  // one digit wrong
          return d;
        }
        default:
          return "0." + r.digits(16);
      }
    case Detector::iban:
      switch (r.below(4)) {
        case 0: {
          std::string d = iban(r);
          d[3] = d[3] == '9' ? '1' : static_cast<char>(d[3] + 1);
          return d;
        }
        case 1:
          return "VIN WVWZZZ1JZ3W" + r.digits(6);
        case 2:
          return "SWIFT DEUTDEFF" + r.digits(3);
        default:
          return r.upper(2) + r.digits(20);
      }
    case Detector::ip:
      switch (r.below(8)) {
        case 0:
          return fmt::format("version {}.{}.{}.{}", r.below(9), r.below(9), r.below(9), r.below(99));
        case 1:
          return fmt::format("OID 1.3.6.1.4.1.{}.{}", r.below(9'999), r.below(9));
        case 2:
          return fmt::format("at {:02}:{:02}:{:02}", r.below(24), r.below(60), r.below(60));
        case 3:
          return fmt::format("mac {}:{}:{}:{}:{}:{}", r.hex(2), r.hex(2), r.hex(2), r.hex(2), r.hex(2),
                             r.hex(2));
        case 4:
          return "std::" + r.of(kWords) + "::" + r.of(kWords) + "()";
        case 5:
          return "listening on 127.0.0.1:" + std::to_string(1'024 + r.below(9'999));
        case 6:
          return fmt::format("{}.{}.{}.{}", 256 + r.below(700), r.below(256), r.below(256), r.below(256));
        default:
          return fmt::format("Chrome/{}.0.0.0 Safari/537.36", 100 + r.below(50));
      }
    case Detector::api_key:
      switch (r.below(6)) {
        case 0:
          return "class=\"sk-" + r.of(kWords) + "-" + r.of(kWords) + "-circle\"";
        case 1:
          return "task-" + r.digits(6) + "-" + r.hex(12);
        case 2:
          return "risk-" + r.of(kWords) + "-" + r.of(kWords);
        case 3:
          return "sha256:" + r.hex(64);
        case 4:
          return "data:image/png;base64,iVBORw0KGgo" + r.alnum(60);
        default:
          return "desk-" + r.alnum(30);
      }
    case Detector::jwt:
      switch (r.below(3)) {
        case 0:
          return "eyJ" + r.alnum(40);
        case 1:
          return "com.example." + r.of(kWords) + "." + r.of(kWords);
        default:
          return "prefix eyJ is base64 for {\"";
      }
    case Detector::private_key:
      return r.chance(50) ? "-----BEGIN CERTIFICATE-----\n" + r.alnum(64) + "\n-----END CERTIFICATE-----"
                          : "-----BEGIN PUBLIC KEY-----\n" + r.alnum(64) + "\n-----END PUBLIC KEY-----";
    case Detector::credential:
      switch (r.below(10)) {
        case 0:
          return "password: required";
        case 1:
          return "api_key=os.environ['OPENAI_API_KEY']";
        case 2:
          return "password = get_password(user)";
        case 3:
          return "max_tokens=" + std::to_string(r.below(9'999));
        case 4:
          return "the secret of " + r.of(kWords) + " is patience";
        case 5:
          return "reset your password: click the link";
        case 6:
          return "token usage: " + std::to_string(r.below(9'999));
        case 7:
          return "?page=2&sort=key&order=desc";
        case 8:
          return "api_key: ${API_KEY}";
        default:
          return "bearer of bad news and basic needs";
      }
    case Detector::address:
      switch (r.below(6)) {
        case 0:
          return fmt::format("{} {} on the road", r.below(99), r.of(kWords));
        case 1:
          return fmt::format("step {} Run the tests", r.below(20));
        case 2:
          return fmt::format("Chapter {} Court of Appeal", r.below(30));
        case 3:
          return fmt::format("there are {} ways to {}", r.below(20), r.of(kWords));
        case 4:
          return fmt::format("row {} of table {}", r.below(999), r.below(9));
        default:
          return fmt::format("Figure {} Drive letters", r.below(20));
      }
    case Detector::name:
      return r.chance(50) ? r.of(kFirst) + " and the " + r.of(kWords)
                          : "Mr. " + r.of(kLast) + " of " + r.of(kWords);
    default:
      return "EMP-" + r.digits(5) + " EMPLOYEE-" + r.digits(6);
  }
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
  const auto marked = [](std::string thing) { return "«" + thing + "»"; };
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
