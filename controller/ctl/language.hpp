#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace CLI {
class App;
}

namespace capmap {

/// What people are spoken to in. The API's words, JSON, CSV and YAML are the same in all.
enum class Language : unsigned char { kEnglish, kChinese };

/// As LC_ALL, else LC_MESSAGES, else LANG says: Chinese where it begins with "zh". The locale itself need not be installed.
Language language_of_environment();

/// A text as a whole; itself where nobody has translated it. Pure.
std::string_view in_language(Language language, std::string_view english);

/// Lines, each of which is translated where a phrase fits it: whole lines, in which "{}" stands for what changes. Others stay. Pure.
std::string lines_in_language(Language language, std::string_view text);

/// What commands and flags are for, in their help.
void translate_help(CLI::App& app, Language language);

/// English and what it is in another language.
using Phrase = std::pair<std::string_view, std::string_view>;
// What is known in Chinese: of commands' and flags' help, titles of tables, lines with "{}".
std::span<const Phrase> chinese_commands();
std::span<const Phrase> chinese_flags();
std::span<const Phrase> chinese_titles();
std::span<const Phrase> chinese_lines();

}  // namespace capmap
