#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <string>

namespace {

/// Places in a YAML text where a comma inside braces is not followed by another "key:": what stands before it was cut off there, and the
/// rest reads as a key of its own.
std::string cut_texts(std::istream& file) {
  static const std::regex next_key("^ *('[^']*'|\"[^\"]*\"|[+A-Za-z0-9_$./*-]+) *:.*");
  std::string places, open;  // open: brackets that are not closed
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    char quote = 0;
    for (std::size_t at = 0; at < line.size(); ++at) {
      const char c = line[at];
      if (quote != 0) {
        if (c == '\\' && quote == '"') ++at;
        if (c == quote) quote = 0;
        continue;
      }
      const bool begins = at > 0 && (line[at - 1] == ' ' || line[at - 1] == '[' || line[at - 1] == '{');
      if ((c == '"' || c == '\'') && begins) quote = c;
      if ((c == '{' || c == '[') && (!open.empty() || begins)) open += c;
      if ((c == '}' || c == ']') && !open.empty()) open.pop_back();
      if (c != ',' || open.empty() || open.back() != '{' || at + 1 == line.size()) continue;
      if (!std::regex_match(line.substr(at + 1), next_key)) places += std::to_string(number) + ": " + line.substr(at, 40) + "\n";
    }
  }
  return places;
}

}  // namespace

TEST_CASE("the contract's descriptions are whole: those with a comma stand in quotes") {
  std::ifstream file(CAPMAP_SOURCE_DIR "/schemas/openapi.yaml");
  REQUIRE(file);
  const auto cut = cut_texts(file);
  INFO(cut);
  CHECK(cut.empty());

  std::istringstream bad("  '200': {description: One, two, content: x}\n  '201': {description: \"One, two\", content: x}\n");
  CHECK(cut_texts(bad) == "1: , two, content: x}\n");
}
