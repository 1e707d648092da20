#include "controller/http/target_host.hpp"

#include <catch2/catch.hpp>

using namespace capmap;

TEST_CASE("target host: names and addresses are taken as they are, IPv6 in brackets, and nothing else") {
  CHECK(target_host("gpu-17") == "gpu-17");
  CHECK(target_host("gpu_17.example.org") == "gpu_17.example.org");
  CHECK(target_host("10.1.2.3") == "10.1.2.3");
  CHECK(target_host("2001:db8::17") == "[2001:db8::17]");
  CHECK(target_host("::1") == "[::1]");
  for (const char* const text : {"", "-x", "x-", ".x", "x.", "a b", "a/b", "a:9100", "user@host", "http://x", "[::1]", "::1%eth0", "a\nb",
                                 "\xe5\x8c\x97", "a?b", "a#b", "::g"}) {
    INFO(text);
    CHECK(target_host(text).empty());
  }
  CHECK_FALSE(target_host(std::string(253, 'a')).empty());
  CHECK(target_host(std::string(254, 'a')).empty());
}

TEST_CASE("target host: a label's key becomes a name that Prometheus takes") {
  CHECK(label_name("rack") == "rack");
  CHECK(label_name("row-3.unit_7") == "row_3_unit_7");
}
