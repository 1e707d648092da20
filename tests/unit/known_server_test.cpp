#include "common/known_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "common/transport.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using Catch::Matchers::Contains;
using support::TemporaryFolder;

namespace {

constexpr const char* kEndpoint = "tcp://127.0.0.1:8471";

struct Kept {
  TemporaryFolder folder;
  std::string path = folder.path() + "/server.keys";
  std::string joined = make_curve_keys().public_key, home = make_curve_keys().public_key, other = make_curve_keys().public_key;

  [[nodiscard]] std::string text(const std::string& port = "8999") const {
    return "1\njoined " + joined + "\nhome " + home + "\nother " + other + " " + port + "\n";
  }
  void put(const std::string& content, mode_t mode = 0600) const {
    std::ofstream(path, std::ios::trunc) << content;
    REQUIRE(chmod(path.c_str(), mode) == 0);
  }
  [[nodiscard]] Result<KnownServer> open() const { return KnownServer::open({.endpoint = kEndpoint, .public_key = joined, .file = path}); }
};

/// "PORT KEY" of all ways that are tried, one after the other.
std::set<std::string> ways(KnownServer server) {
  std::set<std::string> found;
  do found.insert(std::to_string(server.in_use().port) + " " + server.in_use().key);
  while (server.try_another());
  return found;
}

}  // namespace

TEST_CASE("known server: what news told is kept for its user alone, and read back") {
  const Kept kept;
  auto server = *kept.open();
  CHECK(server.passed_over().empty());  // there is none yet
  REQUIRE(server.take({.server_next_key = kept.other, .server_next_port = 8999, .server_key = kept.home}));
  struct stat about {};
  REQUIRE(stat(kept.path.c_str(), &about) == 0);
  CHECK((about.st_mode & 07777) == 0600);
  std::ifstream file(kept.path);
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == kept.text());
  const auto again = kept.open();
  REQUIRE(again);
  CHECK(again->passed_over().empty());
  CHECK(again->in_use().key == kept.home);
  CHECK(std::ranges::includes(ways(server), ways(*again)));  // it goes on over its way until another is taken
  CHECK(ways(*again).contains("8999 " + kept.other));
  const auto entries = std::filesystem::directory_iterator(kept.folder.path());
  CHECK(std::distance(begin(entries), end(entries)) == 1);
}

TEST_CASE("known server: a file that others may read, or that is another account's, is refused with what mends it") {
  const Kept kept;
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0644U, 0666U}) {
    INFO(mode);
    kept.put(kept.text(), mode);
    const auto server = kept.open();
    REQUIRE_FALSE(server);
    CHECK(server.error().code == ErrorCode::kDenied);
    CHECK_THAT(server.error().what, Contains("the controller's keys: chmod 600 " + kept.path));
  }
  kept.put(kept.text());
  REQUIRE(kept.open());
  if (geteuid() == 0) {  // root alone can give files away
    REQUIRE(chown(kept.path.c_str(), 12'345, 12'345) == 0);
    const auto server = kept.open();
    REQUIRE_FALSE(server);
    CHECK(server.error().code == ErrorCode::kDenied);
    CHECK_THAT(server.error().what, Contains("uid 12345") && Contains("chown 0 " + kept.path));
    REQUIRE(chown(kept.folder.path().c_str(), 12'345, 12'345) == 0);  // root looks after the folder of a service
    CHECK(kept.open());
  }
  std::filesystem::remove(kept.path);
  std::filesystem::create_directory(kept.path);
  CHECK_THAT(kept.open().error().what, Contains(kept.path) && Contains("no regular file"));
  std::filesystem::remove(kept.path);
  REQUIRE(mkfifo(kept.path.c_str(), 0600) == 0);
  CHECK_THAT(kept.open().error().what, Contains("no regular file"));  // and does not wait for a writer
}

TEST_CASE("known server: a file that is cut short, goes on too long or says something else is told with its line, and never another port") {
  const Kept kept;
  const std::string whole = kept.text();
  kept.put(whole);
  REQUIRE(kept.open()->passed_over().empty());
  const auto by_join = ways(*KnownServer::open({.endpoint = kEndpoint, .public_key = kept.joined, .file = {}}));
  const auto passed_over = [&](const std::string& content, int line) {
    INFO(content);
    kept.put(content);
    const auto server = kept.open();
    REQUIRE(server);
    const auto& why = server->passed_over();
    CHECK_THAT(why, Contains(kept.path + ":" + std::to_string(line) + ": is damaged") && Contains("rm " + kept.path));
    CHECK(ways(*server) == by_join);
  };
  const std::size_t version = 2, joined = version + 7 + 41, home = joined + 5 + 41;
  for (std::size_t length = 0; length < whole.size(); ++length) {  // the end of the third line is a whole file
    if (length != home) passed_over(whole.substr(0, length), length < version ? 1 : length < joined ? 2 : length < home ? 3 : 4);
  }
  for (const char* port :
       {"", "0", "08999", "+8999", "-1", "65536", "8999999999999999999999", "89 99", "8999 ", " 8999", "8999x", "0x2327"}) {
    passed_over(kept.text(port), 4);
  }
  passed_over(whole + "x", 5);
  passed_over(whole + "\n", 5);
  passed_over(whole + "other " + kept.home + " 1\n", 5);
  passed_over(whole + std::string(1, '\0'), 5);
  passed_over("2" + whole.substr(1), 1);
  passed_over("1 \n" + whole.substr(2), 1);
  passed_over("1\r\n" + whole.substr(2), 1);
  passed_over("1\n" + whole.substr(joined), 2);
  passed_over(whole.substr(0, joined) + "home " + std::string(40, '#') + "\n", 3);
  passed_over(whole.substr(0, joined) + "homeless " + kept.home + "\n", 3);
  passed_over(whole.substr(0, home) + "other " + kept.other + "\n", 4);
  passed_over(whole.substr(0, home) + "else " + kept.other + " 1\n", 4);
  kept.put(whole + std::string(2'000, 'x'));
  CHECK_THAT(kept.open()->passed_over(), Contains(kept.path) && Contains("longer than"));
}

TEST_CASE("known server: keys of another controller are passed over without a word, and where nothing can be written nothing is taken") {
  Kept kept;
  kept.put(kept.text());
  kept.joined = make_curve_keys().public_key;
  auto server = *kept.open();
  CHECK(server.passed_over().empty());
  CHECK(server.in_use().key == kept.joined);
  const auto before = ways(server);
  std::filesystem::remove_all(kept.folder.path());
  const auto taken = server.take({.server_key = kept.home});
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == ErrorCode::kAbsent);
  CHECK_THAT(taken.error().what, Contains(kept.path) && Contains("No such file"));
  CHECK(ways(server) == before);
}
