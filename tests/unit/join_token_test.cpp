#include "common/join_token.hpp"

#include <catch2/catch.hpp>

#include "common/transport.hpp"

using namespace capmap;

namespace {

JoinToken some_token(const std::string& host) {
  return {.host = host,
          .enrol_port = 18472,
          .message_port = 18471,
          .server_public_key = make_curve_keys().public_key,
          .secret = random_secret()};
}

std::string reason(std::string_view text) {
  const auto token = parse_join_token(text);
  REQUIRE_FALSE(token);
  CHECK(token.error().code == ErrorCode::kMalformed);
  return token.error().what;
}

}  // namespace

TEST_CASE("join token: what was written is read back, for names and addresses of both kinds") {
  for (const char* host : {"controller.example.cn", "192.0.2.7", "2001:db8::7", "fe80::1%eth0", "h"}) {
    const JoinToken token = some_token(host);
    const std::string text = to_text(token);
    INFO(text);
    CHECK(text.starts_with("cmt1."));
    const auto read = parse_join_token(text);
    REQUIRE(read);
    CHECK(*read == token);
  }
}

TEST_CASE("join token: a text that is cut, changed or of another version is refused with what is wrong") {
  const std::string text = to_text(some_token("controller.example"));
  CHECK(reason("cmt2." + text.substr(5)).find("cmt1.") != std::string::npos);
  CHECK(reason("").find("cmt1.") != std::string::npos);
  CHECK(reason("cmt1.").find("too short") != std::string::npos);
  CHECK(reason(text.substr(0, 60)).find("copied") != std::string::npos);
  CHECK(reason(text + "!").find("base64url") != std::string::npos);
  CHECK(reason("cmt1.C" + text.substr(6)).find("version") != std::string::npos);
  CHECK(reason("cmt1." + std::string(5'000, 'A')).find("too long") != std::string::npos);
  JoinToken token = some_token("two words");
  CHECK(reason(to_text(token)).find("host") != std::string::npos);
  token = some_token("h");
  token.enrol_port = 0;
  CHECK(reason(to_text(token)).find("port") != std::string::npos);
}

TEST_CASE("join token: every cut of a token's text is refused or names a shorter host, never anything else") {
  const JoinToken token = some_token("abcdefgh");
  const std::string text = to_text(token);
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto read = parse_join_token(std::string_view(text).substr(0, length));
    if (!read) continue;
    CHECK(token.host.starts_with(read->host));
    CHECK(read->secret == token.secret);
    CHECK(read->server_public_key == token.server_public_key);
  }
}

TEST_CASE("join token: secrets are random, 26 characters, and only their hash tells them apart") {
  const std::string one = random_secret(), two = random_secret();
  CHECK(one != two);
  CHECK(one.size() == 26);
  CHECK(secret_hash(one).size() == 64);
  CHECK(secret_hash(one) == secret_hash(one));
  CHECK(secret_hash(one) != secret_hash(two));
  // BLAKE2b-256 of "abc", as published.
  CHECK(secret_hash("abc") == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST_CASE("join token: endpoints put brackets around IPv6 addresses, and their port is found again") {
  CHECK(tcp_endpoint("name", 8471) == "tcp://name:8471");
  CHECK(tcp_endpoint("192.0.2.1", 1) == "tcp://192.0.2.1:1");
  CHECK(tcp_endpoint("::1", 8471) == "tcp://[::1]:8471");
  CHECK(tcp_endpoint("[::1]", 8471) == "tcp://[::1]:8471");
  CHECK(tcp_endpoint("*", 8471) == "tcp://*:8471");
  CHECK(port_of("tcp://[::1]:8471") == 8471);
  CHECK(port_of("tcp://127.0.0.1:65535") == 65535);
  CHECK(port_of("tcp://127.0.0.1:65536") == 0);
  CHECK(port_of("tcp://127.0.0.1:") == 0);
  CHECK(port_of("tcp://127.0.0.1:84x") == 0);
  CHECK(port_of("nothing") == 0);
}
