#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <sstream>

#include "controller/ctl/commands.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

std::string help_of(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  static_cast<void>(run_ctl(arguments, "1.2.3", out, err, false));
  return out.str();
}

}  // namespace

TEST_CASE("the manual and the completion know every command and flag that help shows") {
  const auto read = [](const std::string& path) {
    std::ifstream file(std::string(CAPMAP_SOURCE_DIR) + "/packaging/" + path);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::erase(text, '\\');
    return text;
  };
  const std::string manual = read("man/capmapctl.1"), completion = read("completions/capmapctl");
  REQUIRE(manual.size() > 1'000);
  const std::vector<std::vector<std::string>> commands = {{},
                                                          {"init"},
                                                          {"token"},
                                                          {"token", "create"},
                                                          {"token", "list"},
                                                          {"token", "revoke"},
                                                          {"keys", "list"},
                                                          {"keys", "revoke"},
                                                          {"keys", "rotate"},
                                                          {"nodes", "pending"},
                                                          {"nodes", "approve"},
                                                          {"nodes", "reject"},
                                                          {"sites"},
                                                          {"sites", "list"},
                                                          {"sites", "add"},
                                                          {"sites", "declare"},
                                                          {"nodes"},
                                                          {"nodes", "show"},
                                                          {"map"},
                                                          {"status"},
                                                          {"history"},
                                                          {"history", "spans"},
                                                          {"history", "events"},
                                                          {"imbalance"},
                                                          {"resolve"},
                                                          {"sites", "import"},
                                                          {"sites", "export"},
                                                          {"sites", "codes"},
                                                          {"owners"},
                                                          {"links"},
                                                          {"regions", "import"},
                                                          {"export", "descriptors"},
                                                          {"nodes", "absent"},
                                                          {"nodes", "clones"},
                                                          {"nodes", "clones", "settle"},
                                                          {"nodes", "doubles"},
                                                          {"nodes", "doubles", "confirm"},
                                                          {"nodes", "doubles", "dismiss"},
                                                          {"sites", "drain"},
                                                          {"sites", "undrain"},
                                                          {"sites", "maintenance"},
                                                          {"pools"},
                                                          {"pools", "list"},
                                                          {"pools", "add"},
                                                          {"pools", "drain"},
                                                          {"pools", "undrain"},
                                                          {"nodes", "move"},
                                                          {"nodes", "label"},
                                                          {"nodes", "versions"},
                                                          {"nodes", "flapping"},
                                                          {"nodes", "lost-updates"},
                                                          {"nodes", "skew"},
                                                          {"chips"},
                                                          {"chips", "list"},
                                                          {"chips", "unrated"},
                                                          {"chips", "add"},
                                                          {"chips", "own"},
                                                          {"chips", "reload"},
                                                          {"hardware"},
                                                          {"contradictions"},
                                                          {"doctor"},
                                                          {"users"},
                                                          {"users", "add"},
                                                          {"users", "edit"},
                                                          {"users", "disable"},
                                                          {"users", "remove"},
                                                          {"users", "token"},
                                                          {"users", "token", "create"},
                                                          {"users", "token", "list"},
                                                          {"users", "token", "revoke"},
                                                          {"login"},
                                                          {"logout"},
                                                          {"whoami"},
                                                          {"audit"},
                                                          {"audit", "verify"},
                                                          {"audit", "contradictions"},
                                                          {"tls", "self-signed"},
                                                          {"tls", "fingerprint"}};
  for (auto arguments : commands) {
    for (const auto& word : arguments) CHECK_THAT(manual + completion, Contains(word));
    arguments.emplace_back("--help");
    std::istringstream words(help_of(arguments));
    for (std::string word; words >> word;) {
      const auto at = word.find("--");
      if (at == std::string::npos || word.starts_with("examples")) continue;
      const std::string flag = word.substr(at, word.find_first_of("=,:;)\"'", at) - at);
      INFO(flag);
      CHECK_THAT(manual, Contains(flag));
      CHECK_THAT(completion, Contains(flag));
    }
  }
}
