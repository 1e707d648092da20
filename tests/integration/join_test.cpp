// `capmap-agent join` against an enrolment port that the test plays.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "common/join_token.hpp"
#include "tests/support/program.hpp"
#include "tests/support/scripted_controller.hpp"

using namespace capmap;
using namespace std::chrono_literals;
using support::Program;
using support::ScriptedController;

namespace {

constexpr auto kLimit = 30s;

/// An enrolment port with a token that leads to it.
struct Enrolment {
  ScriptedController port{make_curve_keys(), "tcp://127.0.0.1:0", true};
  JoinToken token;
  support::TemporaryFolder folder;
  std::string state = folder.path() + "/new/state";

  Enrolment() {
    token.host = "127.0.0.1";
    const auto endpoint = port.endpoint();
    token.enrol_port = static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    token.message_port = 4711;
    token.server_public_key = port.keys().public_key;
    token.secret = random_secret();
  }
  [[nodiscard]] std::vector<std::string> words() const { return {"capmap-agent", "join", to_text(token), "--state", state}; }

  /// Answers one Join; what was asked.
  std::optional<Join> answer(const Joined& with) {
    const auto got = port.receive_raw(kLimit);
    if (!got) return std::nullopt;
    auto join = decode_join({static_cast<const std::byte*>(got->payload.data()), got->payload.size()});
    if (!join) return std::nullopt;
    CHECK(got->user_id == join->public_key);
    port.answer(*got, encode(with));
    return std::move(*join);
  }
};

std::string text_of(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("join: the key is made, the secret shown, and what was learned is kept for the service") {
  Enrolment enrolment;
  const Joined joined{.accepted = true, .reason = "", .node_id = random_id<NodeId>(), .site_name = "上海 \"east\"", .port = 4712};
  Program program(enrolment.words());
  const auto asked = enrolment.answer(joined);
  REQUIRE(asked);
  CHECK(asked->token_secret == enrolment.token.secret);
  CHECK(program.wait(kLimit) == 0);
  CHECK(program.output() == "joined as " + to_text(joined.node_id) + " at site 上海 \"east\"\n");

  struct stat key {};
  REQUIRE(stat((enrolment.state + "/agent.key").c_str(), &key) == 0);
  CHECK((key.st_mode & 0777) == 0600);
  const auto kept = text_of(enrolment.state + "/joined.toml");
  CAPTURE(kept);
  CHECK(kept.find(to_text(joined.node_id)) != std::string::npos);
  const auto settings = support::run({"capmap-agent", "--state", enrolment.state, "--print-config"});
  CHECK(settings.output.find("controller.endpoint = \"tcp://127.0.0.1:4712\"") != std::string::npos);
  CHECK(settings.output.find("controller.public_key = \"" + enrolment.token.server_public_key + "\"") != std::string::npos);

  Program again(enrolment.words());
  const auto asked_again = enrolment.answer(joined);
  REQUIRE(asked_again);
  CHECK(asked_again->public_key == asked->public_key);
  CHECK(again.wait(kLimit) == 0);
}

TEST_CASE("join: a refusal is printed with its reason, and nothing is kept but the key") {
  Enrolment enrolment;
  Program program(enrolment.words());
  REQUIRE(enrolment.answer({.accepted = false, .reason = "the token is used up", .node_id = {}, .site_name = "", .port = 0}));
  CHECK(program.wait(kLimit) == 1);
  CHECK(program.output().find("refused: \"the token is used up\"") != std::string::npos);
  CHECK(text_of(enrolment.state + "/joined.toml").empty());
}

TEST_CASE("join: an answer without meaning is an error, not a crash") {
  Enrolment enrolment;
  Program program(enrolment.words());
  const auto got = enrolment.port.receive_raw(kLimit);
  REQUIRE(got);
  enrolment.port.answer(*got, Bytes(40, std::byte{7}));
  CHECK(program.wait(kLimit) == 1);
}

TEST_CASE("join: nobody there, a broken token and wrong use are told apart") {
  JoinToken token;
  token.host = "127.0.0.1";
  token.enrol_port = static_cast<std::uint16_t>(support::free_port());
  token.server_public_key = make_curve_keys().public_key;
  token.secret = random_secret();
  const support::TemporaryFolder folder;
  const auto nobody = support::run({"capmap-agent", "join", to_text(token), "--state", folder.path(), "--timeout", "1"});
  CHECK(nobody.code == 1);
  CHECK(nobody.output.find("nothing answers at the token's address") != std::string::npos);
  const auto broken = support::run({"capmap-agent", "join", "cmt1.AAAA", "--state", folder.path()});
  CHECK(broken.code == 1);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"capmap-agent", "join"},
                                                {"capmap-agent", "join", "a", "b"},
                                                {"capmap-agent", "join", "a", "--timeout", "0"}}) {
    CHECK(support::run(words).code == 2);
  }
}

TEST_CASE("join: a controller with another key than the token says is named as such") {
  Enrolment enrolment;
  enrolment.token.server_public_key = make_curve_keys().public_key;
  auto words = enrolment.words();
  words.insert(words.end(), {"--timeout", "3"});
  const auto ran = support::run(words);
  CAPTURE(ran.output);
  CHECK(ran.code == 1);
  CHECK(ran.output.find("no answer within 3 s") != std::string::npos);
}

}  // namespace
