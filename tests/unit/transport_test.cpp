// Key files; what sockets do is in tests/integration/transport_test.cpp.
#include "common/transport.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/program.hpp"

using namespace capmap;

namespace {

void write_text(const std::string& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
}

}  // namespace

TEST_CASE("transport: a made key pair fits together and is Z85 text") {
  const CurveKeys keys = make_curve_keys();
  CHECK(is_z85_key(keys.public_key));
  CHECK(is_z85_key(keys.secret_key));
  CHECK(*curve_public_of(keys.secret_key) == keys.public_key);
  CHECK(make_curve_keys().secret_key != keys.secret_key);
}

TEST_CASE("transport: texts that are no keys are told from keys") {
  CHECK_FALSE(is_z85_key(""));
  CHECK_FALSE(is_z85_key(std::string(39, '0')));
  CHECK_FALSE(is_z85_key(std::string(41, '0')));
  CHECK_FALSE(is_z85_key(std::string(39, '0') + "\""));
  CHECK_FALSE(is_z85_key(std::string(39, '0') + std::string(1, '\0')));
  CHECK_FALSE(is_z85_key(std::string(40, '#')));  // five of them are more than 32 bits
  CHECK_FALSE(curve_public_of("short"));
}

TEST_CASE("transport: a saved key file is private, is read back, and is never overwritten") {
  const support::TemporaryFolder folder;
  const std::string path = folder.path() + "/node.key";
  const CurveKeys keys = make_curve_keys();
  REQUIRE(save_curve_keys(path, keys));
  struct stat about {};
  REQUIRE(stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  const auto read = load_curve_keys(path);
  REQUIRE(read);
  CHECK(read->secret_key == keys.secret_key);
  CHECK(read->public_key == keys.public_key);
  const auto again = save_curve_keys(path, make_curve_keys());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kDenied);
  CHECK(load_curve_keys(path)->secret_key == keys.secret_key);
  const auto entries = std::filesystem::directory_iterator(folder.path());
  CHECK(std::distance(begin(entries), end(entries)) == 1);  // no draft is left behind
}

TEST_CASE("transport: a key file that others may read is refused with the cure") {
  const support::TemporaryFolder folder;
  const std::string path = folder.path() + "/node.key";
  write_text(path, make_curve_keys().secret_key + "\n", 0640);
  const auto keys = load_curve_keys(path);
  REQUIRE_FALSE(keys);
  CHECK(keys.error().code == ErrorCode::kDenied);
  CHECK(keys.error().what.find("chmod 600 " + path) != std::string::npos);
}

TEST_CASE("transport: absent, empty and wrong key files are told apart and named") {
  const support::TemporaryFolder folder;
  const std::string path = folder.path() + "/node.key";
  CHECK(load_curve_keys(path).error().code == ErrorCode::kAbsent);
  for (const std::string& text : {std::string(), std::string("abc\n"), std::string(200, '0')}) {
    write_text(path, text);
    const auto keys = load_curve_keys(path);
    REQUIRE_FALSE(keys);
    CHECK(keys.error().code == ErrorCode::kMalformed);
    CHECK(keys.error().what.find(path) == 0);
  }
  CHECK(save_curve_keys(folder.path() + "/none/node.key", make_curve_keys()).error().code == ErrorCode::kAbsent);
}

TEST_CASE("transport: endpoints and keys that mean nothing are refused before anything connects") {
  zmq::context_t context(1);
  DealerOptions options{.endpoint = "tcp://127.0.0.1:8471", .server_public_key = make_curve_keys().public_key, .keys = make_curve_keys()};
  for (const char* endpoint : {"", "127.0.0.1:8471", "tcp://:8471", "tcp://host", "tcp://host:0", "tcp://host:99999", "ipc:///tmp/x:1"}) {
    INFO(endpoint);
    options.endpoint = endpoint;
    const auto socket = open_dealer(context, options);
    REQUIRE_FALSE(socket);
    CHECK(socket.error().code == ErrorCode::kMalformed);
  }
  options.endpoint = "tcp://127.0.0.1:8471";
  options.server_public_key = "wrong";
  CHECK(open_dealer(context, options).error().what.find("controller's public key") != std::string::npos);
  options.server_public_key = make_curve_keys().public_key;
  options.keys.secret_key = "wrong";
  CHECK(open_dealer(context, options).error().code == ErrorCode::kMalformed);
}
