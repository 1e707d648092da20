#include <catch2/catch.hpp>

#include "controller/http/guard.hpp"

using namespace capmap;

TEST_CASE("http guard: loopback is 127.0.0.0/8, ::1 and localhost, however it is written") {
  for (const char* address : {"127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "localhost", "LocalHost"}) {
    INFO(address);
    CHECK(is_loopback_address(address));
  }
  for (const char* address :
       {"", "0.0.0.0", "128.0.0.1", "127.1", "::", "::ffff:127.0.0.1", "fe80::1", "localhost.", "local host", "127.0.0.1x"}) {
    INFO(address);
    CHECK_FALSE(is_loopback_address(address));
  }
}

TEST_CASE("http guard: a Host header is taken apart strictly") {
  for (const char* host : {"localhost:", "127.0.0.1:8470", "[::1]:1"}) CHECK(is_local_host_header(host));
  for (const char* host : {"", ":", ":80", "[::1", "[::1]x", "[::1]:8x", "::1", "localhost:123456", "a.localhost", "localhost, evil"}) {
    INFO(host);
    CHECK_FALSE(is_local_host_header(host));
  }
}
