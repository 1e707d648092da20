#include "common/address_range.hpp"

#include <catch2/catch.hpp>

using namespace capmap;

TEST_CASE("address range: IPv4 and IPv6 ranges hold what begins like them, whichever way an address is written") {
  const auto range = parse_address_range("192.0.2.0/24");
  REQUIRE(range);
  CHECK(range->contains("192.0.2.255"));
  CHECK(range->contains("::ffff:192.0.2.7"));
  CHECK_FALSE(range->contains("192.0.3.0"));
  CHECK_FALSE(range->contains("2001:db8::1"));
  CHECK_FALSE(range->contains("no address"));
  CHECK_FALSE(range->contains(""));
  const auto six = parse_address_range("2001:db8::/33");
  REQUIRE(six);
  CHECK(six->contains("2001:db8:7fff::1"));
  CHECK_FALSE(six->contains("2001:db8:8000::1"));
  CHECK(parse_address_range("fe80::/10")->contains("fe80::1%eth0"));
  CHECK(parse_address_range("0.0.0.0/0")->contains("10.1.2.3"));
  CHECK_FALSE(parse_address_range("0.0.0.0/0")->contains("::1"));
  CHECK(parse_address_range("::/0")->contains("10.1.2.3"));
  CHECK(parse_address_range("127.0.0.1")->contains("127.0.0.1"));
  CHECK_FALSE(parse_address_range("127.0.0.1")->contains("127.0.0.2"));
}

TEST_CASE("address range: text is read back, and what is none is refused with why") {
  for (const char* text : {"10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1", "::/0", "0.0.0.0/0"}) {
    CHECK(to_text(*parse_address_range(text)) == text);
  }
  CHECK(to_text(*parse_address_ranges("10.0.0.0/8,::1")) == "10.0.0.0/8,::1");
  for (const char* text :
       {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8x", "10.0.0/8", "::1/129", "fe80::1%eth0", "a", "1.2.3.4/-1"}) {
    INFO(text);
    const auto range = parse_address_range(text);
    REQUIRE_FALSE(range);
    CHECK(range.error().code == ErrorCode::kMalformed);
  }
  CHECK(parse_address_range("10.1.0.0/8").error().what.find("the range itself is 10.0.0.0/8") != std::string::npos);
  for (const char* text : {"", ",", "10.0.0.0/8,,::1"}) CHECK_FALSE(parse_address_ranges(text));
  std::string many = "::1";
  for (int i = 0; i < 64; ++i) many += ",::1";
  CHECK_FALSE(parse_address_ranges(many));
}

TEST_CASE("address range: for limits an IPv6 address counts with its /64, an IPv4 one alone") {
  CHECK(caller_of("2001:db8:1:2::3") == caller_of("2001:db8:1:2:ffff::1"));
  CHECK(caller_of("2001:db8:1:2::3") != caller_of("2001:db8:1:3::3"));
  CHECK(caller_of("192.0.2.1") != caller_of("192.0.2.2"));
  CHECK(caller_of("192.0.2.1") == caller_of("::ffff:192.0.2.1"));
}

TEST_CASE("address range: several hold what has their first bits, IPv4 also where it comes as IPv6") {
  const auto ranges = parse_address_ranges("192.0.2.0/25, 2001:db8::/33,10.0.0.1");
  REQUIRE(ranges);
  REQUIRE(ranges->size() == 3);
  CHECK((*ranges)[0].contains("192.0.2.127"));
  CHECK((*ranges)[0].contains("::ffff:192.0.2.1"));
  CHECK_FALSE((*ranges)[0].contains("192.0.2.128"));
  CHECK((*ranges)[1].contains("2001:db8:7fff::1"));
  CHECK_FALSE((*ranges)[1].contains("2001:db8:8000::1"));
  CHECK_FALSE((*ranges)[2].contains("10.0.0.2"));
  CHECK_FALSE((*ranges)[2].contains("unix"));
  for (const char* bad : {"x", "1.2.3.4/33", "1.2.3.4/", "::/129", "1.2.3/8", "1.2.3.4/-1", "1.2.3.4,,", ","}) {
    INFO(bad);
    CHECK_FALSE(parse_address_ranges(bad));
  }
  for (const char* loopback : {"127.0.0.0/8", "127.0.0.1", "0.0.0.0/0", "::1", "::/0", "127.9.0.0/16"}) {
    CHECK(parse_address_ranges(loopback)->front().contains_loopback());
  }
  CHECK_FALSE(parse_address_ranges("126.0.0.0/8")->front().contains_loopback());
  CHECK_FALSE(parse_address_ranges("::2")->front().contains_loopback());
  CHECK(plain_address("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(plain_address(" 2001:DB8::0:1 ") == "2001:db8::1");
  CHECK(plain_address("1.2.3.4.5").empty());
}
