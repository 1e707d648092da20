// What may be typed next, told by the command line's own description, so that no list beside it grows old.
#include "controller/ctl/completion.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxWords = 1'000, kMaxSites = 2'000;

/// Where a command line has come to.
struct Place {
  const CLI::App* command = nullptr;
  std::vector<const CLI::App*> above{};  ///< whose flags may stand here too
  const CLI::Option* waiting = nullptr;  ///< a flag whose value comes next
  std::size_t values = 0;                ///< words that were neither flags nor commands
};

const CLI::Option* flag_of(const Place& place, const std::string& word) {
  const auto name = word.substr(0, word.find('='));
  const auto in = [&name](const CLI::App& app) {
    const auto options = app.get_options();
    const auto found = std::ranges::find_if(options, [&name](const CLI::Option* option) { return option->check_name(name); });
    return found == options.end() ? nullptr : *found;
  };
  if (const auto* own = in(*place.command)) return own;
  for (const auto* app : place.above) {
    if (const auto* option = in(*app)) return option;
  }
  return nullptr;
}

const CLI::App* command_of(const CLI::App& app, const std::string& word) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  const auto found = std::ranges::find_if(commands, [&word](const CLI::App* command) { return command->get_name() == word; });
  return found == commands.end() ? nullptr : *found;
}

Place walk(const CLI::App& app, const std::vector<std::string>& words) {
  Place place{.command = &app};
  for (const auto& word : words) {
    if (place.waiting != nullptr) {
      place.waiting = nullptr;
    } else if (word.starts_with('-')) {
      const auto* option = flag_of(place, word);
      const bool takes = option != nullptr && option->get_items_expected_min() > 0 && option->get_type_size() > 0;
      if (takes && word.find('=') == std::string::npos) place.waiting = option;
    } else if (const auto* command = command_of(*place.command, word)) {
      place.above.push_back(place.command);
      place.command = command;
      place.values = 0;
    } else {
      ++place.values;
    }
  }
  return place;
}

/// The words of a list that a flag or an argument is checked against: "TEXT:{a,b}", "KEY:value in {a->0,b->1} OR ...".
std::vector<std::string> listed_words(const CLI::Option& option) {
  const auto type = option.get_type_name();
  const auto begin = type.find('{'), end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  std::istringstream list(type.substr(begin + 1, end - begin - 1));
  std::vector<std::string> words;
  for (std::string word; std::getline(list, word, ',');) words.push_back(word.substr(0, word.find("->")));
  return words;
}

std::vector<std::string> site_names(ApiConnection connection) {
  connection.timeout_ms = 1'000;
  const auto answer = api_get(connection, "/v1/sites");
  std::vector<std::string> names;
  if (!answer) return names;
  for (const auto& site : list_at(*answer, "sites")) {
    if (names.size() < kMaxSites) names.push_back(text_at(site, "name").value_or(""));
  }
  return names;
}

std::vector<std::string> values_of(const CLI::Option& option, const Line& line) {
  auto words = listed_words(option);
  const auto name = option.get_single_name();
  if (words.empty() && (name == "site" || name == "SITE")) words = site_names(line.connection);
  return words;
}

class Answer {
 public:
  explicit Answer(std::string begun) : begun_(std::move(begun)) {}
  void add(const std::string& word, const std::string& what) {
    if (word.empty() || !word.starts_with(begun_) || word.find_first_of("\t\n") != std::string::npos) return;
    text_ += printable(word) + (what.empty() ? "" : "\t" + printable(what.substr(0, what.find('\n')))) + "\n";
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string begun_, text_;
};

void add_flags(const CLI::App& app, Answer& answer) {
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) answer.add("--" + name, option->get_description());
  }
}

}  // namespace

std::string completions_text(const CLI::App& app, const Line& line, const std::vector<std::string>& arguments) {
  if (arguments.size() < 2 || arguments.size() > kMaxWords) return {};
  const std::vector<std::string> words(arguments.begin() + 1, arguments.end() - 1);
  const auto place = walk(app, words);
  const auto& begun = arguments.back();
  Answer answer(begun);
  if (place.waiting != nullptr) {
    for (const auto& word : values_of(*place.waiting, line)) answer.add(word, "");
    return answer.text();
  }
  if (begun.starts_with('-')) {
    add_flags(*place.command, answer);
    for (const auto* above : place.above) add_flags(*above, answer);
    return answer.text();
  }
  if (place.values == 0) {
    for (const auto* command : place.command->get_subcommands([](const CLI::App*) { return true; }))
      answer.add(command->get_name(), command->get_description());
  }
  const auto options = place.command->get_options([](const CLI::Option* option) { return option->get_positional(); });
  if (place.values < options.size()) {
    for (const auto& word : values_of(*options[place.values], line)) answer.add(word, "");
  }
  return answer.text();
}

}  // namespace capmap
