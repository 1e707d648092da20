#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace capmap {

/// How the chip table's patterns meet what a CPU says of itself. Pure; any thread.

/// True when an identity fits one of the space-separated patterns. A pattern's parts, split at '-', are compared one by one; a part
/// is '|'-separated choices, each a word or a decimal range: "6-85-0..4", "25-1|16..31", "0x41-0xd49 0x6d-0xd49". Parts that the
/// pattern does not name may be anything.
bool identity_matches(std::string_view patterns, std::string_view identity);

/// True for text that identity_matches can use: no empty part or choice, ranges of decimals that do not fall.
bool is_identity_pattern(std::string_view patterns);

/// The words of a marketing name: lower case, without (R) and (TM), split at blanks and commas.
std::vector<std::string> name_words(std::string_view name);

/// Choices of words, each choice in lower case; made once at load, because every rating compares hundreds of them.
using NamePattern = std::vector<std::vector<std::string>>;

/// Reads "platinum|gold 62*": choices separated by '|', words by blanks. Empty text is the pattern that fits every name.
NamePattern name_pattern(std::string_view text);

/// True when the words of one choice stand side by side in `words`; a pattern word that ends in '*' fits every word that begins so.
/// "platinum|gold 62*" fits "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz".
bool name_matches(const NamePattern& pattern, const std::vector<std::string>& words);

/// Splits at a character; "a||b" gives an empty middle, "" gives one empty text.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace capmap
