#include "pipeline/numbers.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "pipeline/characters.h"

namespace turnscope::pipeline {
namespace {

constexpr std::size_t kContext = 28;  ///< bytes before a number in which a word can tell what it is

constexpr std::array<std::string_view, 27> kPhoneWords = {
    "phone", "tel",  "telephone", "telefon", "teléfono", "telefono", "téléphone", "mobile",    "mobil",
    "cell",  "fax",  "call",      "dial",    "whatsapp", "sms",      "handy",     "rufnummer", "hotline",
    "text",  "ring", "contact",   "reach",   "phones",   "msisdn",   "cellphone", "móvil",     "portable"};
constexpr std::array<std::string_view, 5> kSsnWords = {"ssn", "social", "ssns", "itin", "tin"};
/// What looks like a number of a person but is named as something else.
constexpr std::array<std::string_view, 30> kOtherWords = {
    "order", "invoice", "ticket", "part",    "sku",   "isbn",  "tracking", "version", "build", "serial",
    "ref",   "case",    "item",   "product", "model", "batch", "commit",   "issue",   "asin",  "upc",
    "ean",   "doi",     "id",     "no",      "po",    "lot",   "release",  "rev",     "bug",   "parcel"};
constexpr std::array<std::string_view, 10> kVersionWords = {
    "version", "ver", "v", "release", "build", "rev", "firmware", "oid", "section", "chapter"};

std::string_view context_of(std::string_view text, std::size_t i) {
  // Only the line of the number: what stands above speaks of something else.
  std::string_view c = before(text, i, kContext);
  if (const auto line = c.rfind('\n'); line != c.npos) c.remove_prefix(line + 1);
  return c;
}
template <typename Words>
bool told(std::string_view text, std::size_t i, std::string_view key, const Words& words) {
  return mentions(context_of(text, i), words) || mentions(key, words);
}

std::size_t run_end(std::string_view s, std::size_t i) {
  while (i < s.size() && is_digit(s[i])) ++i;
  return i;
}

/// A number that ends at `i` is not the beginning of something longer: a word, a decimal, an id with dashes.
bool number_ends(std::string_view s, std::size_t i) {
  if (i >= s.size()) return true;
  const char c = s[i];
  if (is_alnum(c) || c == '_') return false;
  if ((c == '-' || c == '.' || c == ':' || c == '/') && is_digit(at(s, i + 1))) return false;
  return !(c == '-' && is_alnum(at(s, i + 1)));
}
/// A number that begins at `i` is not the rest of something longer.
bool number_begins(std::string_view s, std::size_t i) {
  if (!word_begins(s, i)) return false;
  if (i == 0) return true;
  const char c = s[i - 1];
  if (c == '.' || c == ',' || c == ':') return !(i >= 2 && is_digit(s[i - 2]));
  if (c == '-' || c == '/' || c == '#' || c == '$')
    return c == '-' && !(i >= 2 && (is_alnum(s[i - 2]) || s[i - 2] == '-'));
  return true;
}

/// Digits of `s` in [begin, end) into `out`; their number.
std::size_t digits_of(std::string_view s, std::size_t begin, std::size_t end, char* out, std::size_t room) {
  std::size_t n = 0;
  for (std::size_t i = begin; i < end; ++i)
    if (is_digit(s[i]) && n < room) out[n++] = s[i];
  return n;
}
unsigned number(const char* d, std::size_t n) {
  unsigned v = 0;
  for (std::size_t i = 0; i < n; ++i) v = v * 10 + static_cast<unsigned>(d[i] - '0');
  return v;
}

/// Issuer and length together; what no scheme issues is not a card.
bool issued(const char* d, std::size_t n) {
  const unsigned two = number(d, 2), three = number(d, 3), four = number(d, 4);
  if (d[0] == '4') return n == 16 || n == 13 || n == 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return n == 16;
  if (two == 34 || two == 37) return n == 15;
  if (four == 6011 || two == 65 || (three >= 644 && three <= 649)) return n >= 16 && n <= 19;
  if (four >= 3528 && four <= 3589) return n >= 16 && n <= 19;
  if ((three >= 300 && three <= 305) || two == 36 || two == 38 || two == 39) return n >= 14 && n <= 19;
  if (two == 62) return n >= 16 && n <= 19;
  return (four == 5018 || four == 5020 || four == 5038 || four == 6304 || four == 6759 || four == 6761 ||
          four == 6763) &&
         n >= 16 && n <= 19;
}

bool luhn_digits(const char* d, std::size_t n) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    unsigned v = static_cast<unsigned>(d[n - 1 - i] - '0');
    if (i & 1) v = v * 2 > 9 ? v * 2 - 9 : v * 2;
    sum += v;
  }
  return sum % 10 == 0;
}

bool card_ends_at(std::string_view s, std::size_t i, std::size_t end) {
  char d[20];
  const std::size_t n = digits_of(s, i, end, d, sizeof d);
  return n >= 13 && n <= 19 && issued(d, n) && luhn_digits(d, n) && d[0] != '0' &&
         !std::all_of(d, d + n, [&](char c) { return c == d[0]; }) && number_ends(s, end);
}

bool card(std::string_view s, std::size_t i, std::size_t first_end, Finding& out) {
  std::size_t end = 0;
  if (first_end - i >= 13) {
    if (first_end - i <= 19 && card_ends_at(s, i, first_end)) end = first_end;
  } else if (first_end - i == 4) {
    // Groups as printed on cards: 4-4-4-4(-3), 4-6-5, 4-6-4; one kind of separator throughout. What follows
    // may be a number of its own, so the longest that is a card counts.
    const char separator = at(s, first_end);
    if (separator != ' ' && separator != '-') return false;
    std::size_t total = 4, p = first_end;
    for (int groups = 1; groups < 5 && at(s, p) == separator && is_digit(at(s, p + 1)); ++groups) {
      const std::size_t next = run_end(s, p + 1), length = next - p - 1;
      if (total + length > 19 || length < 3 || length > 6) break;
      total += length;
      p = next;
      if (total >= 13 && card_ends_at(s, i, p)) end = p;
    }
  }
  if (end == 0 || !number_begins(s, i)) return false;
  // The rest of a longer row of groups of four, as of an account: "ES81 0086 4739 …".
  const auto group_before = [&](std::size_t p, bool letters) {
    if (p < 5 || s[p - 1] != ' ') return false;
    for (std::size_t k = p - 5; k < p - 1; ++k)
      if (!(letters ? is_alnum(s[k]) : is_digit(s[k]))) return false;
    return true;
  };
  if (group_before(i, false) && group_before(i - 5, true)) return false;
  out = {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(end), Detector::card, 0};
  return true;
}

bool ssn_digits(const char* d) {
  const unsigned area = number(d, 3), group = number(d + 3, 2), serial = number(d + 5, 4);
  return area != 0 && area != 666 && area < 900 && group != 0 && serial != 0;
}

bool ssn(std::string_view s, std::size_t i, std::size_t first_end, std::string_view key, Finding& out) {
  char d[9];
  std::size_t end = first_end;
  if (first_end - i == 9) {
    if (!told(s, i, key, kSsnWords)) return false;
  } else {
    const char separator = at(s, first_end);
    if (first_end - i != 3 || (separator != '-' && separator != ' ')) return false;
    const std::size_t middle = run_end(s, first_end + 1);
    if (middle - first_end - 1 != 2 || at(s, middle) != separator) return false;
    end = run_end(s, middle + 1);
    if (end - middle - 1 != 4) return false;
    if (separator == ' ' && !told(s, i, key, kSsnWords)) return false;
    if (told(s, i, key, kOtherWords) && !told(s, i, key, kSsnWords)) return false;
  }
  if (digits_of(s, i, end, d, 9) != 9 || !ssn_digits(d)) return false;
  if (!number_begins(s, i) || !number_ends(s, end)) return false;
  out = {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(end), Detector::ssn, 0};
  return true;
}

bool ipv4(std::string_view s, std::size_t i, std::string_view key, Finding& out) {
  if (!word_begins(s, i)) return false;
  if (i > 0 && (s[i - 1] == '.' || s[i - 1] == '-') && i >= 2 && is_alnum(s[i - 2])) return false;
  std::array<unsigned, 4> part{};
  std::size_t p = i;
  for (std::size_t k = 0; k < 4; ++k) {
    const std::size_t end = run_end(s, p);
    if (end == p || end - p > 3) return false;
    if (end - p > 1 && s[p] == '0') return false;  // 01.02.2024.
    part[k] = number(s.data() + p, end - p);
    if (part[k] > 255) return false;
    p = end;
    if (k < 3) {
      if (at(s, p) != '.') return false;
      ++p;
    }
  }
  const char after = at(s, p);
  if (is_alnum(after) || after == '_' || (after == '.' && is_digit(at(s, p + 1)))) return false;
  if (after == '-' && is_alnum(at(s, p + 1))) return false;
  if (part[0] == 127 || part[0] == 0 || (part[0] == 255 && part[1] == 255)) return false;  // nobody's
  // "Version 1.2.3.4", "build 10.0.1.2", "openssl==1.1.1.2".
  std::string_view c = before(s, i, 16);
  while (!c.empty() && (c.back() == ' ' || c.back() == '=' || c.back() == ':' || c.back() == '~' ||
                        c.back() == '>' || c.back() == '^' || c.back() == '"'))
    c.remove_suffix(1);
  std::size_t word = c.size();
  while (word > 0 && is_alpha(c[word - 1])) --word;
  const std::string_view last = c.substr(word);
  for (const auto& w : kVersionWords)
    if (equal_folded(last, w)) return false;
  if (before(s, i, 2) == "==" || before(s, i, 2) == "~=" || mentions(key, kVersionWords)) return false;
  if (i > 0 && s[i - 1] == '/' && i > 1 && is_alpha(s[i - 2]) && part[3] == 0 && part[2] == 0)
    return false;  // a product's version in a user agent: Chrome/120.0.0.0
  out = {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(p), Detector::ip, 0};
  return true;
}

/// Country calling codes, as one bit each of the numbers 1 to 999.
constexpr bool country_code(const char* d, std::size_t n) {
  constexpr std::array<unsigned short, 46> two = {
      20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55,
      56, 57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98, 7,  1};
  if (n == 0 || d[0] == '0') return false;
  if (d[0] == '1' || d[0] == '7') return true;
  if (n < 2) return false;
  const unsigned pair = static_cast<unsigned>(d[0] - '0') * 10 + static_cast<unsigned>(d[1] - '0');
  for (const auto t : two)
    if (t == pair) return true;
  if (n < 3) return false;
  // Three digits: 21x-29x, 35x-38x, 42x, 50x, 59x, 67x-69x, 80x, 85x-88x, 96x-99x.
  return (pair >= 21 && pair <= 29) || (pair >= 35 && pair <= 38) || pair == 42 || pair == 50 || pair == 59 ||
         (pair >= 67 && pair <= 69) || pair == 80 || (pair >= 85 && pair <= 88) || (pair >= 96 && pair <= 99);
}

struct Groups {
  std::array<std::uint8_t, 8> length{};
  std::size_t count = 0, digits = 0, end = 0;
  bool brackets = false;
  char d[16];
};

/// Groups of digits with single separators between them (or ") " and " ("), at most 15 digits.
Groups phone_groups(std::string_view s, std::size_t i) {
  Groups g;
  std::size_t p = i;
  for (;;) {
    const std::size_t end = run_end(s, p);
    const std::size_t n = end - p;
    if (n == 0 || g.count == g.length.size() || g.digits + n > 15) break;
    for (std::size_t k = p; k < end; ++k) g.d[g.digits++] = s[k];
    g.length[g.count++] = static_cast<std::uint8_t>(n);
    g.end = end;
    std::size_t q = end;
    const char c = at(s, q);
    if (c == ')') {
      g.brackets = true;
      ++q;
      if (at(s, q) == ' ' || at(s, q) == '-') ++q;
    } else if (c == ' ' || c == '-' || c == '.' || c == '/') {
      ++q;
      if (at(s, q) == '(' && c != '/') {
        g.brackets = true;
        ++q;
      } else if (c == ' ' && (at(s, q) == '-' || at(s, q) == '/') && at(s, q + 1) == ' ') {
        q += 2;
      }
    } else if (static_cast<unsigned char>(c) == 0xC2 && static_cast<unsigned char>(at(s, q + 1)) == 0xA0) {
      q += 2;  // no-break space
    } else if (static_cast<unsigned char>(c) == 0xE2 && static_cast<unsigned char>(at(s, q + 1)) == 0x80 &&
               static_cast<unsigned char>(at(s, q + 2)) >= 0x90 &&
               static_cast<unsigned char>(at(s, q + 2)) <= 0x93) {
      q += 3;  // typographic hyphens
    } else {
      break;
    }
    p = q;
  }
  return g;
}

/// The last groups that do not belong: "+49 30 901820 12:30", "+1 415 555 0132 2024-01-02".
void trim(Groups& g, std::string_view s, std::size_t most) {
  while (g.count > 1 && (g.digits > most || !number_ends(s, g.end))) {
    g.digits -= g.length[--g.count];
    // The end of the group before: back over this group's digits and separators.
    std::size_t e = g.end - g.length[g.count];
    while (e > 0 && !is_digit(s[e - 1])) --e;
    g.end = e;
  }
}

bool nanp(const char* d) { return d[0] >= '2' && d[3] >= '2' && !(d[1] == '9' && d[2] == '9'); }

bool phone(std::string_view s, std::size_t i, std::size_t first_end, std::string_view key, Finding& out) {
  const std::size_t first = first_end - i;
  const char prev = i > 0 ? s[i - 1] : '\0';
  const auto found = [&](std::size_t begin, std::size_t end) {
    out = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), Detector::phone, 0};
    return true;
  };
  std::size_t begin = i;
  bool plus = prev == '+' || (prev == '(' && i >= 2 && s[i - 2] == '+');
  if (prev == '(') --begin;
  if (plus) begin = prev == '+' ? i - 1 : i - 2;
  if (plus) {
    if (begin > 0 && (is_alnum(s[begin - 1]) || s[begin - 1] == '_') && !after_escape(s, begin)) return false;
    if (begin > 0 && s[begin - 1] == '(') --begin;
    Groups g = phone_groups(s, i);
    trim(g, s, 15);
    if (g.digits < 8 || g.digits > 15 || !country_code(g.d, g.digits) || !number_ends(s, g.end)) return false;
    if (begin < i - 1 && s[begin] == '(' && at(s, g.end) != ')' && !g.brackets) begin = i - 1;
    return found(begin, g.end);
  }
  if (first > 13 || first == 1 || (first == 2 && s[i] != '0')) {
    if (!(first == 1 && s[i] == '1')) return false;
  }
  // Cheap refusal first: most numbers in traces are alone.
  const char next = at(s, first_end);
  // One of several groups of digits that began before: an account, a table.
  const bool continues = begin >= 2 && (s[begin - 1] == ' ' || s[begin - 1] == '-') && is_digit(s[begin - 2]);
  const bool grouped =
      next == ' ' || next == '-' || next == '.' || next == ')' || next == '/' || is_high(next);
  if ((!grouped && first < 7) || continues) return false;
  if (!number_begins(s, begin) && !(prev == '(' && word_begins(s, begin))) return false;

  if (first == 3 || (first == 1 && s[i] == '1')) {  // North America
    Groups g = phone_groups(s, i);
    const std::size_t skip = first == 1 ? 1 : 0;
    if (g.count >= 3 + skip && g.length[skip] == 3 && g.length[skip + 1] == 3 && g.length[skip + 2] == 4) {
      while (g.count > 3 + skip) trim(g, s, g.digits - 1);
      if (g.digits == 10 + skip && nanp(g.d + skip) && number_ends(s, g.end) &&
          !(told(s, i, key, kOtherWords) && !told(s, i, key, kPhoneWords)))
        return found(begin, g.end);
    }
    if (skip == 1) return false;
  }
  if (s[i] == '0' && s.substr(i, 2) == "00" && first >= 2) {  // 0049 30 …
    Groups g = phone_groups(s, i);
    trim(g, s, 15);
    if (g.digits >= 10 && country_code(g.d + 2, g.digits - 2) && g.d[2] != '0' && number_ends(s, g.end) &&
        (g.count >= 2 || told(s, i, key, kPhoneWords)))
      return found(begin, g.end);
    return false;
  }
  if (s[i] == '0' ||
      (prev == '(' && s[i] == '0')) {  // national with trunk 0: 020 7946 0018, 030/901820, 06 12 34 56 78
    Groups g = phone_groups(s, i);
    trim(g, s, 12);
    const bool told_so = told(s, i, key, kPhoneWords);
    bool shape = g.count >= 2 && g.digits >= 9 && g.digits <= 12 && at(s, first_end) != '.';
    for (std::size_t k = 0; k < g.count; ++k) shape = shape && g.length[k] >= 2;
    if (g.count == 2 && g.length[0] < 3 && !told_so) shape = false;
    if (!number_ends(s, g.end) || g.d[1] == '0') return false;
    if (told_so && g.digits >= 8 && g.digits <= 12) return found(begin, g.end);
    if (shape && !told(s, i, key, kOtherWords)) return found(begin, g.end);
    return false;
  }
  // Without any mark of its own: only where a word says that it is a phone number.
  if (first >= 2 && told(s, i, key, kPhoneWords)) {
    Groups g = phone_groups(s, i);
    trim(g, s, 13);
    const bool year = first == 4 && (s[i] == '1' || s[i] == '2') && at(s, first_end) == '-';
    if (!year && number_ends(s, g.end) &&
        (g.digits == 10 || g.digits == 11 || (g.digits >= 8 && g.count >= 2) || g.digits == 12) &&
        !told(s, i, key, kOtherWords) && !(g.digits == 10 && g.count == 1 && s[i] == '1'))
      return found(begin, g.end);
  }
  return false;
}

struct IbanCountry {
  char code[3];
  std::uint8_t length;
};
constexpr IbanCountry kIban[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27},
    {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20}, {"MR", 27},
    {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24}, {"PL", 28},
    {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24}, {"SC", 31},
    {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
    {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};

std::size_t iban_length(char a, char b) {
  a = static_cast<char>(a & ~0x20);
  b = static_cast<char>(b & ~0x20);
  for (const auto& c : kIban)
    if (c.code[0] == a && c.code[1] == b) return c.length;
  return 0;
}

bool iban_check(std::string_view compact) {
  unsigned rest = 0;
  const auto feed = [&](char c) {
    if (is_digit(c))
      rest = (rest * 10 + static_cast<unsigned>(c - '0')) % 97;
    else
      rest = (rest * 100 + static_cast<unsigned>((c | 0x20) - 'a' + 10)) % 97;
  };
  for (const char c : compact.substr(4)) feed(c);
  for (const char c : compact.substr(0, 4)) feed(c);
  return rest == 1;
}

/// `i`: the first check digit, behind two letters.
bool iban(std::string_view s, std::size_t i, Finding& out) {
  if (i < 2 || !is_alpha(s[i - 1]) || !is_alpha(s[i - 2]) || !is_digit(at(s, i + 1))) return false;
  const std::size_t begin = i - 2;
  if (!word_begins(s, begin)) return false;
  const std::size_t length = iban_length(s[begin], s[begin + 1]);
  if (length == 0) return false;
  char compact[34];
  std::size_t n = 0, p = begin;
  while (p < s.size() && n < length) {
    if (is_alnum(s[p]))
      compact[n++] = s[p++];
    else if ((s[p] == ' ' || s[p] == '-') && n >= 4 && is_alnum(at(s, p + 1)))
      ++p;
    else
      break;
  }
  if (n != length || !word_ends(s, p) || !iban_check({compact, n})) return false;
  out = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(p), Detector::iban, 0};
  return true;
}

}  // namespace

bool luhn(std::string_view s) {
  char d[64];
  const std::size_t n = digits_of(s, 0, s.size(), d, sizeof d);
  return n > 0 && luhn_digits(d, n);
}

bool valid_iban(std::string_view s) {
  char compact[34];
  std::size_t n = 0;
  for (const char c : s) {
    if (c == ' ') continue;
    if (!is_alnum(c) || n == sizeof compact) return false;
    compact[n++] = c;
  }
  return n > 4 && iban_length(compact[0], compact[1]) == n && iban_check({compact, n});
}

bool find_number(std::string_view text, std::size_t i, std::string_view key, DetectorSet wanted,
                 Finding& out) {
  if (i > 0 && (is_alpha(text[i - 1]) || text[i - 1] == '_') && !after_escape(text, i))
    return (wanted & bit(Detector::iban)) && iban(text, i, out);
  const std::size_t end = run_end(text, i);
  if (is_alnum(at(text, end)) || at(text, end) == '_') return false;  // the beginning of an id
  if ((wanted & bit(Detector::ip)) && at(text, end) == '.' && ipv4(text, i, key, out)) return true;
  if ((wanted & bit(Detector::card)) && card(text, i, end, out)) return true;
  if ((wanted & bit(Detector::ssn)) && ssn(text, i, end, key, out)) return true;
  return (wanted & bit(Detector::phone)) && phone(text, i, end, key, out);
}

}  // namespace turnscope::pipeline
