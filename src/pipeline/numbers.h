// Detectors that begin at a digit: payment cards, bank accounts, social security numbers, phone numbers,
// IPv4.
#pragma once
#include <cstddef>
#include <string_view>

#include "pipeline/finding.h"

namespace turnscope::pipeline {

/// `i` is the first digit of a run of digits. `key`: the name that the text stands under (attribute or JSON
/// member), a hint. False: nothing personal begins here. A finding may begin before `i` ("+", "(", the
/// letters of an IBAN).
bool find_number(std::string_view text, std::size_t i, std::string_view key, DetectorSet wanted,
                 Finding& out);

/// The check digit of card numbers over the digits of `s`; other characters are passed over.
bool luhn(std::string_view s);
/// Country, length and check digits of an IBAN; spaces are passed over.
bool valid_iban(std::string_view s);

}  // namespace turnscope::pipeline
