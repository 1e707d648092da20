#include "common/libraries.hpp"

#include <catch2/catch.hpp>

using namespace capmap;

TEST_CASE("libraries: a libzmq older than 4.3.3 is refused with its version and what to do, newer ones are not") {
  CHECK(check_zmq_version(4, 3, 3));
  CHECK(check_zmq_version(4, 3, 4));
  CHECK(check_zmq_version(4, 4, 0));
  CHECK(check_zmq_version(5, 0, 0));
  for (const auto& [major, minor, patch] : {std::tuple(4, 3, 2), std::tuple(4, 2, 9), std::tuple(3, 9, 9)}) {
    const auto refused = check_zmq_version(major, minor, patch);
    REQUIRE(!refused);
    CHECK(refused.error().what.find("libzmq " + std::to_string(major)) == 0);
    CHECK(refused.error().what.find("4.3.3") != std::string::npos);
  }
}

TEST_CASE("libraries: what these tests run with may be used") {
  CHECK(check_libraries());
}
