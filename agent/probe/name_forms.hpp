#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace capmap {

/// A name or address found at the beginning of a text: how long it is, and what stands in its place, each 'x' a digit of its hash.
struct FoundName {
  std::size_t length = 0;  ///< 0 = none
  std::string form;
};

/// Recognises by form alone what is one machine's: IPv4, IPv6, MAC and InfiniBand addresses, GUIDs, UUIDs, NQNs and IQNs, WWNs and long
/// hexadecimal words. `text` begins at the beginning of a word and may go on behind it. Not taken for one: addresses on buses, what is all
/// zeros or ones, loopback addresses. `ipv4` = false where dotted numbers are versions. Pure; looks at most 256 characters ahead.
FoundName find_name_form(std::string_view text, bool ipv4);

bool is_letter_or_digit(char c);

}  // namespace capmap
