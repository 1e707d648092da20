#include "controller/ctl/language.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <optional>
#include <unordered_map>
#include <vector>

namespace capmap {
namespace {

constexpr std::string_view kHole = "{}";

using Phrases = std::unordered_map<std::string_view, std::string_view>;

const Phrases& whole_texts() {
  static const Phrases all = [] {
    Phrases phrases;
    for (const auto& list : {chinese_commands(), chinese_flags(), chinese_titles()}) phrases.insert(list.begin(), list.end());
    return phrases;
  }();
  return all;
}

/// What stands in the holes of a phrase that fits the line; each takes as little as it can, the last one the rest.
std::optional<std::vector<std::string_view>> holes_of(std::string_view phrase, std::string_view line) {
  std::vector<std::string_view> holes;
  auto hole = phrase.find(kHole);
  if (!line.starts_with(phrase.substr(0, hole))) return std::nullopt;
  if (hole == std::string_view::npos) return line == phrase ? std::optional(holes) : std::nullopt;
  line.remove_prefix(hole);
  while (hole != std::string_view::npos) {
    phrase.remove_prefix(hole + kHole.size());
    hole = phrase.find(kHole);
    const auto behind = phrase.substr(0, hole);
    const auto at = behind.empty() ? line.size() : hole == std::string_view::npos ? line.rfind(behind) : line.find(behind);
    if (at == std::string_view::npos) return std::nullopt;
    holes.push_back(line.substr(0, at));
    line.remove_prefix(at + behind.size());
  }
  return line.empty() ? std::optional(holes) : std::nullopt;
}

/// "{}" takes the next hole, "{0}" to "{9}" the one of that number.
std::string filled(std::string_view phrase, const std::vector<std::string_view>& holes) {
  std::string text;
  std::size_t next = 0;
  for (std::size_t at = 0; at < phrase.size(); ++at) {
    const auto mark = phrase.substr(at, 3);
    const bool numbered = mark.size() == 3 && mark[0] == '{' && mark[2] == '}' && mark[1] >= '0' && mark[1] <= '9';
    if (!numbered && !mark.starts_with(kHole)) {
      text += phrase[at];
      continue;
    }
    const std::size_t number = numbered ? static_cast<std::size_t>(mark[1] - '0') : next++;
    if (number < holes.size()) text += holes[number];
    at += numbered ? 2 : 1;
  }
  return text;
}

std::string line_in_chinese(std::string_view line) {
  for (const auto& [english, chinese] : chinese_lines()) {
    if (const auto holes = holes_of(english, line)) return filled(chinese, *holes);
  }
  return std::string(line);
}

}  // namespace

Language language_of_environment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).starts_with("zh") ? Language::kChinese : Language::kEnglish;
  }
  return Language::kEnglish;
}

std::string_view in_language(Language language, std::string_view english) {
  if (language == Language::kEnglish) return english;
  const auto found = whole_texts().find(english);
  return found == whole_texts().end() ? english : found->second;
}

std::string lines_in_language(Language language, std::string_view text) {
  if (language == Language::kEnglish) return std::string(text);
  std::string lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines += line_in_chinese(text.substr(0, end));
    if (end == std::string_view::npos) break;
    lines += '\n';
    text.remove_prefix(end + 1);
  }
  return lines;
}

void translate_help(CLI::App& app, Language language) {
  if (language == Language::kEnglish) return;
  app.description(std::string(in_language(language, app.get_description())));
  for (auto* option : app.get_options()) option->description(std::string(in_language(language, option->get_description())));
  for (auto* command : app.get_subcommands([](const CLI::App*) { return true; })) translate_help(*command, language);
}

}  // namespace capmap
