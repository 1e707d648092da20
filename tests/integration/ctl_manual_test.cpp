#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/completion.hpp"
#include "controller/ctl/manual.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

std::string said_to(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  static_cast<void>(run_ctl(arguments, "1.2.3", out, err));
  return out.str();
}

std::string packaged(const std::string& path) {
  std::ifstream file(std::string(CAPMAP_SOURCE_DIR) + "/packaging/" + path);
  return {(std::istreambuf_iterator<char>(file)), {}};
}

/// What may come behind these words; `described` alone: commands and flags, not values.
std::vector<std::string> offered(std::vector<std::string> words, const std::string& begun, bool described) {
  words.insert(words.begin(), std::string(kCompleteCommand));
  words.push_back(begun);
  std::istringstream lines(said_to(words));
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);) {
    const auto tab = line.find('\t');
    if (tab != std::string::npos || !described) found.push_back(line.substr(0, tab));
  }
  return found;
}

/// All commands, those that have others below them too: [command][word].
std::vector<std::vector<std::string>> all_commands() {
  std::vector<std::vector<std::string>> all = {{}};
  for (std::size_t at = 0; at < all.size() && at < 1'000; ++at) {
    for (const auto& word : offered(all[at], "", true)) {
      auto command = all[at];
      command.push_back(word);
      all.push_back(std::move(command));
    }
  }
  return all;
}

}  // namespace

TEST_CASE("the manual and the completion know every command and flag that help shows") {
  setenv("CAPMAP_URL", "http://127.0.0.1:1", 1);  // nobody is asked for sites
  auto manual = packaged("man/capmapctl.1");
  std::erase(manual, '\\');
  REQUIRE(manual.size() > 1'000);
  const auto commands = all_commands();
  CHECK(commands.size() > 70);
  for (auto arguments : commands) {
    for (const auto& word : arguments) CHECK_THAT(manual, Contains(word));
    const auto flags = offered(arguments, "--", true);
    arguments.emplace_back("--help");
    std::istringstream words(said_to(arguments));
    for (std::string word; words >> word;) {
      const auto at = word.find("--");
      if (at == std::string::npos || word.starts_with("examples")) continue;
      const std::string flag = word.substr(at, word.find_first_of("=,:;{[)\"'", at) - at);
      INFO(flag);
      CHECK_THAT(manual, Contains(flag));
    }
    INFO(arguments.front());
    CHECK_THAT(flags, Catch::VectorContains(std::string("--help")));
    CHECK_THAT(flags, Catch::VectorContains(std::string("--output")));
  }
}

TEST_CASE("the manual's reference is what the command line tells of itself, in both languages") {
  for (const auto& [language, page] : {std::pair{"C", "man/capmapctl.1"}, {"zh_CN.UTF-8", "man/zh_CN/capmapctl.1"}}) {
    INFO(page << ": make manual puts it there");
    setenv("LC_ALL", language, 1);
    const auto reference = said_to({std::string(kManualCommand)});
    unsetenv("LC_ALL");
    CHECK(reference.size() > 10'000);
    CHECK(packaged(page).find("made by packaging/man/manual.sh\n" + reference + ".\\\" end of the reference\n") != std::string::npos);
  }
}

TEST_CASE("completion offers what fits: commands, flags, the words of a list, and nothing where a file is wanted") {
  setenv("CAPMAP_URL", "http://127.0.0.1:1", 1);
  CHECK(offered({"nodes"}, "dra", false) == std::vector<std::string>{"drain"});
  CHECK(offered({"nodes", "--liveness"}, "f", false) == std::vector<std::string>{"fresh"});
  CHECK(offered({"nodes", "--liveness", "fresh"}, "--li", false) == std::vector<std::string>{"--liveness", "--limit"});
  CHECK(offered({"-o"}, "y", false) == std::vector<std::string>{"yaml"});
  CHECK(offered({"map", "--output"}, "w", false) == std::vector<std::string>{"wide"});
  CHECK(offered({"sites", "import", "--kind"}, "p", false) == std::vector<std::string>{"pools"});
  CHECK(offered({"completion"}, "", false) == std::vector<std::string>{"bash", "zsh", "fish"});
  CHECK(offered({"backup"}, "", false).empty());
  CHECK(offered({"no-such-command"}, "", true).empty());
  CHECK(said_to({std::string(kCompleteCommand)}).empty());
}

TEST_CASE("the packaged completions are those that the program tells") {
  CHECK(packaged("completions/capmapctl") == said_to({"completion", "bash"}));
  CHECK(packaged("completions/_capmapctl") == said_to({"completion", "zsh"}));
  CHECK(packaged("completions/capmapctl.fish") == said_to({"completion", "fish"}));
}
