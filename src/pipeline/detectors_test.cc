#include "pipeline/detectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <string>
#include <vector>

#include "pipeline/numbers.h"

namespace turnscope::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Detectors& detectors() {
  static const auto made = [] {
    RedactOptions o;
    o.names = "# people\nAlice Johnson\nJürgen Müller\nBo\n";
    o.streets = "Unter den Linden\n";
    o.patterns = {{"employee", "EMP-[0-9]{6}", Action::mask}};
    return Detectors::make(o);
  }();
  return **made;
}

/// "detector:text" of each finding.
std::vector<std::string> found(std::string_view text, std::string_view key = {}) {
  std::vector<Finding> findings;
  detectors().find(text, key, kAllDetectors, findings);
  std::vector<std::string> out;
  for (const Finding& f : findings)
    out.push_back(std::string(name(f.detector)) + ":" + std::string(text.substr(f.begin, f.end - f.begin)));
  return out;
}

TEST(Email, addresses_end_where_they_end) {
  EXPECT_THAT(found("mail bob.o'neil+tag@mail.example.co.uk."),
              ElementsAre("email:bob.o'neil+tag@mail.example.co.uk"));
  EXPECT_THAT(found("<anna@example.com>,'x@example.org'"),
              ElementsAre("email:anna@example.com", "email:x@example.org"));
  EXPECT_THAT(found("müller@bücher.example"), ElementsAre("email:müller@bücher.example"));
  EXPECT_THAT(found("/u?e=bob%40example.com&x=1"), ElementsAre("email:bob%40example.com"));
  EXPECT_THAT(found("mailto:bob@example.com"), ElementsAre("email:bob@example.com"));
  EXPECT_THAT(found("line\\nbob@example.com"), ElementsAre("email:bob@example.com"));
}

TEST(Email, what_only_looks_like_one_is_left_alone) {
  for (const auto* text :
       {"react@18.2.0", "git@github.com:org/repo.git", "@decorator.method", "icon@2x.png", "user@localhost",
        "a @ b.com", "SELECT @x.y", "@angular/core@17.0.1", "10 kg @ 4.50"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Phone, international_and_national_forms) {
  for (const auto* text :
       {"+49 30 901820", "+4930901820", "+1 (415) 555-0132", "+44 20 7946 0018", "+33 6 12 34 56 78",
        "0049 30 901820", "(415) 555-0132", "415-555-0132", "415.555.0132", "1-415-555-0132", "020 7946 0018",
        "06 12 34 56 78", "+91 98765 43210", "+86 138 0013 8000", "030/901820-12"})
    EXPECT_THAT(found(text), ElementsAre("phone:" + std::string(text))) << text;
  EXPECT_THAT(found("call me at 4155550132"), ElementsAre("phone:4155550132"));
  EXPECT_THAT(found("4155550132", "customer.phone"), ElementsAre("phone:4155550132"));
}

TEST(Phone, numbers_of_other_kinds_are_left_alone) {
  for (const auto* text :
       {"1716900000", "2024-05-01 10:00:00", "20240501", "1.23e-10", "order 4155550132", "0.0023",
        "12345678901", "550e8400-e29b-41d4-a716-446655440000", "192.0.2", "$1,234,567.89", "v10.2.33",
        "100-200-3000", "+5", "+12 points", "a+1234567890", "10:20:30", "01.02.2024", "sha256:0123456789"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Ssn, shape_and_ranges) {
  EXPECT_THAT(found("078-05-1120"), ElementsAre("ssn:078-05-1120"));
  EXPECT_THAT(found("SSN: 078 05 1120"), ElementsAre("ssn:078 05 1120"));
  EXPECT_THAT(found("078051120", "applicant.ssn"), ElementsAre("ssn:078051120"));
  for (const auto* text : {"000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000",
                           "078051120", "part 078-05-1120", "1078-05-1120", "178-05-11201"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Card, issuers_groups_and_check_digit) {
  for (const auto* text : {"4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004",
                           "378282246310005", "3782 822463 10005", "6011000990139424", "3530111333300000",
                           "30569309025904", "2223003122003222", "6200000000000005"})
    EXPECT_THAT(found(text), ElementsAre("card:" + std::string(text))) << text;
  for (const auto* text : {"4111111111111112", "0000000000000000", "1716900000123456789", "1234567890123452",
                           "411111111111111", "x4111111111111111", "4111111111111111f", "3.4111111111111111"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Iban, country_length_and_check_digits) {
  EXPECT_TRUE(valid_iban("DE89 3704 0044 0532 0130 00"));
  EXPECT_FALSE(valid_iban("DE88 3704 0044 0532 0130 00"));
  for (const auto* text : {"DE89370400440532013000", "GB82 WEST 1234 5698 7654 32",
                           "fr1420041010050500013m02606", "NO93 8601 1117 947"})
    EXPECT_THAT(found(text), ElementsAre("iban:" + std::string(text))) << text;
  for (const auto* text : {"DE88370400440532013000", "XX89370400440532013000", "DE8937040044053201300",
                           "ADE89370400440532013000"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Ip, both_families) {
  EXPECT_THAT(found("from 203.0.113.7:8080"), ElementsAre("ip:203.0.113.7"));
  EXPECT_THAT(found("[2001:db8::1]:443"), ElementsAre("ip:2001:db8::1"));
  EXPECT_THAT(found("fe80::1ff:fe23:4567:890a%eth0"), ElementsAre("ip:fe80::1ff:fe23:4567:890a"));
  EXPECT_THAT(found("2001:0db8:0000:0000:0000:ff00:0042:8329"),
              ElementsAre("ip:2001:0db8:0000:0000:0000:ff00:0042:8329"));
  for (const auto* text : {"127.0.0.1", "0.0.0.0", "::1", "version 1.2.3.4", "v10.0.1.2",
                           "1.2.840.113549.1.1", "256.1.1.1", "std::vector", "abc::def", "10:20:30",
                           "aa:bb:cc:dd:ee:ff", "Chrome/120.0.0.0", "1.2.3", "openssl==1.1.1.2"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Secrets, provider_keys_by_prefix) {
  for (const auto* text :
       {"sk-proj-abcdEFGH1234567890abcdEFGH", "sk-ant-api03-AbCdEf0123456789-_AbCdEf", "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv", "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "xoxb-123456789012-abcdefABCDEF", "hf_abcdefghijklmnopqrstuvwxyzABCDEF12",
        "glpat-abcDEF1234567890abcd", "gsk_abcdefghijklmnop1234567890ABCDEF"})
    EXPECT_THAT(found(text), ElementsAre("api_key:" + std::string(text))) << text;
  for (const auto* text :
       {"risk-adjusted-return-of-the-investment", "sk-short", "task-1234567890123456789012345",
        "ask-sk-this-is-not-a-key", "AKIA", "whisk-broom-broom-broom-broom"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Secrets, tokens_and_keys_in_full) {
  EXPECT_THAT(
      found(
          "t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U."),
      ElementsAre("jwt:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_"
                  "XgL0n3I9PlFUP0THsR8U"));
  EXPECT_THAT(
      found("a -----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY----- b"),
      ElementsAre("private_key:-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"));
  EXPECT_THAT(found("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN"),
              ElementsAre("private_key:-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN"));
  EXPECT_THAT(found("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"), IsEmpty());
}

TEST(Secrets, what_a_word_gives_away) {
  EXPECT_THAT(found("Authorization: Bearer abcdef1234567890abcdef"),
              ElementsAre("credential:abcdef1234567890abcdef"));
  EXPECT_THAT(found("authorization: Basic dXNlcjpodW50ZXIyMg=="),
              ElementsAre("credential:dXNlcjpodW50ZXIyMg=="));
  EXPECT_THAT(found("postgres://app:s3cret@db.example/x"), ElementsAre("credential:app:s3cret"));
  EXPECT_THAT(found("GET /v1?api_key=abc123def456&x=1"), ElementsAre("credential:abc123def456"));
  EXPECT_THAT(found("GET /v1?key=abc123def456&x=1"), ElementsAre("credential:abc123def456"));
  EXPECT_THAT(found("password=hunter22"), ElementsAre("credential:hunter22"));
  EXPECT_THAT(found("DB_PASSWORD='p w d 1'"), ElementsAre("credential:p w d 1"));
  EXPECT_THAT(found("the password is hunter2, ok"), ElementsAre("credential:hunter2"));
  EXPECT_THAT(found("{\\\"client_secret\\\":\\\"abc-123-def\\\"}"), ElementsAre("credential:abc-123-def"));
  EXPECT_THAT(found("Set-Cookie: sid=abc123; Path=/"), ElementsAre("credential:sid=abc123; Path=/"));
}

TEST(Secrets, words_without_a_secret_are_left_alone) {
  for (const auto* text :
       {"input_tokens: 5000", "max_tokens=4096", "the secret garden", "password: required",
        "password = get_password()", "api_key=os.environ['X']", "token usage", "password: str",
        "api_key: ${API_KEY}", "secret == other", "Basic instinct film", "bearer of bad news",
        "token_type: bearer", "key=value", "https://example.com/a@b", "ssh://git@example.com/x",
        "reset your password: click the link", "password: ********", "completion_tokens_details"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Words, names_and_streets) {
  EXPECT_THAT(found("ask alice  johnson, JÜRGEN MÜLLER or Bo."),
              ElementsAre("name:alice  johnson", "name:JÜRGEN MÜLLER", "name:Bo"));
  EXPECT_THAT(found("Bob, Alice, Johnson Alice, Bobo, Müller"), IsEmpty());
  for (const auto* text : {"221B Baker Street", "1600 Pennsylvania Avenue NW", "12 St James Street",
                           "Hauptstraße 12a", "Bahnhofstr. 5", "Berliner Allee 7", "12 rue de la Paix",
                           "5, avenue Foch", "Calle Mayor 3", "Via Roma 10", "742 Evergreen Terrace, Apt 4B",
                           "350 5th Avenue", "Karl-Marx-Straße 9", "Kerkstraat 44"})
    EXPECT_THAT(found(text), ElementsAre("address:" + std::string(text))) << text;
  EXPECT_THAT(found("near Unter den Linden today"), ElementsAre("address:Unter den Linden"));
  for (const auto* text :
       {"3 items on the road", "12 Drive letters", "2 places", "5 ways to go", "Chapter 12 Court",
        "step 3 Run tests", "on the way 5 people", "Weg 3", "10 Downing", "the ring 5", "version 2 Square"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Patterns, the_users_own_are_found) {
  EXPECT_THAT(found("by EMP-123456 and EMP-654321"), ElementsAre("pattern:EMP-123456", "pattern:EMP-654321"));
}

TEST(Patterns, what_is_wrong_is_said) {
  EXPECT_EQ(regex_problem("EMP-[0-9]{6}"), "");
  EXPECT_EQ(regex_problem("(?:\\d+-)+x"), "");
  EXPECT_EQ(regex_problem("(?i)acme (corp|inc)+"), "");
  EXPECT_THAT(regex_problem("(a+)+$"), HasSubstr("exponential"));
  EXPECT_THAT(regex_problem("([a-z]+)*x"), HasSubstr("exponential"));
  EXPECT_THAT(regex_problem("(a|ab)*c"), HasSubstr("begin alike"));
  EXPECT_THAT(regex_problem("(.*){2,}x"), HasSubstr("exponential"));
  EXPECT_THAT(regex_problem("a{1000}{1000}"), testing::Not(IsEmpty()));
  EXPECT_THAT(regex_problem("(?=x)y"), HasSubstr("look-around"));
  EXPECT_THAT(regex_problem("[a-"), HasSubstr("RE2"));
  EXPECT_THAT(regex_problem("x*"), HasSubstr("empty text"));
  EXPECT_THAT(regex_problem(""), HasSubstr("empty"));
}

TEST(Detectors, findings_come_in_order_and_never_overlap) {
  EXPECT_THAT(found("https://bob:pw1234@example.com mail bob@example.com call +14155550132"),
              ElementsAre("credential:bob:pw1234", "email:bob@example.com", "phone:+14155550132"));
}

TEST(Detectors, places_beyond_the_first_chunk_are_looked_at) {
  for (std::size_t before = 4'080; before < 4'110; ++before) {
    const std::string text =
        std::string(before, '.') + " bob@example.com sk-proj-abcdEFGH1234567890abcdEFGH 4111111111111111";
    EXPECT_THAT(found(text),
                ElementsAre("email:bob@example.com", "api_key:sk-proj-abcdEFGH1234567890abcdEFGH",
                            "card:4111111111111111"));
  }
}

TEST(Lists, problems_name_the_line) {
  RedactOptions o;
  o.names = "Alice\nx\n";
  const auto made = Detectors::make(o);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("redact.names_file: line 2"));
}

TEST(PatternFilter, what_is_left_out_for_want_of_a_literal_would_not_have_matched) {
  // Each with a text that matches: literals in any case, in branches, beyond ASCII, and none at all.
  const std::pair<const char*, const char*> all[] = {{"EMP-[0-9]{6}", "see EMP-123456 there"},
                                                     {"(?i)emp-[0-9]{3}", "see eMp-123 there"},
                                                     {"(?i)kelvin",
                                                      "\u212A"
                                                      "elvin"},  // the Kelvin sign is a k without case
                                                     {"(?i)secret", "\u017Fecret"},  // and the long s an s
                                                     {"(?:ticket|case|ref)[ -][A-Z]{2}", "a case ZZ"},
                                                     {"[0-9]{6}[A-Z]", "x 123456Q y"},
                                                     {"stra\u00DFe [0-9]", "stra\u00DFe 5"},
                                                     {"\\x{212A}47",
                                                      "\u212A"
                                                      "47"},
                                                     {"[Aa]cme-[0-9]+-(?:EU|US)", "from acme-77-US."},
                                                     {"AB", "xABx"},
                                                     {"user=[^ ]+", "q?user=anna x"},
                                                     {"\\Qa.b+c\\E[0-9]", "a.b+c7"},
                                                     {"(?:foo){2}bar", "foofoobar"},
                                                     {"p[ae]ss(?:word)?:", "pess:"}};
  RedactOptions o;
  for (const auto& [regex, text] : all) o.patterns.push_back({regex, regex, Action::mask});
  const auto detectors = Detectors::make(o);
  ASSERT_TRUE(detectors) << detectors.error().message;
  for (std::size_t k = 0; k < std::size(all); ++k) {
    // Anywhere in a text, also over the edge of what is looked at in one piece.
    for (const std::size_t before : {0u, 1u, 62u, 63u, 4'090u, 4'094u, 4'095u, 4'096u, 9'000u}) {
      const std::string text = std::string(before, ' ') + all[k].second;
      std::vector<Finding> found;
      (*detectors)->find(text, "", bit(Detector::pattern), found);
      EXPECT_TRUE(std::ranges::any_of(found, [&](const Finding& f) { return f.pattern == k; }))
          << all[k].first << " behind " << before;
    }
  }
  std::vector<Finding> none;
  (*detectors)->find("nothing of the kind", "", bit(Detector::pattern), none);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace turnscope::pipeline
