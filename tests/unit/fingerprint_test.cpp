#include "common/fingerprint.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace capmap;

TEST_CASE("fingerprint: a guest's address and the host's end of its port, which differs in the first byte, are one") {
  const auto guest = mac_fingerprint("salt", "52:54:00:a1:b2:c3");
  REQUIRE(guest);
  CHECK(mac_fingerprint("salt", "fe:54:00:A1:B2:C3\n") == guest);
  CHECK(mac_fingerprint("salt", "52:54:00:a1:b2:c4") != guest);
  CHECK(mac_fingerprint("other", "52:54:00:a1:b2:c3") != guest);
}

TEST_CASE("fingerprint: what is no address of one port says nothing") {
  for (const char* text : {"", "52:54:00:a1:b2", "52:54:00:a1:b2:c3:d4", "52-54-00-a1-b2-c3", "525400a1b2c3", "52:54:00:a1:b2:g3",
                           "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "fe:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "80:00:00:48:fe:80"}) {
    INFO(text);
    CHECK(mac_fingerprint("salt", text).has_value() == (std::string(text) == "80:00:00:48:fe:80"));
  }
}

TEST_CASE("fingerprint: a UUID with dashes and without, and with its first fields turned round, is one") {
  const auto uuid = uuid_fingerprint("salt", "4c4c4544-0042-3510-8054-b4c04f565931");
  REQUIRE(uuid);
  CHECK(uuid_fingerprint("salt", "4C4C4544004235108054B4C04F565931\n") == uuid);
  CHECK(uuid_fingerprint("salt", "44454c4c-4200-1035-8054-b4c04f565931") == uuid);
  CHECK(uuid_fingerprint("salt", std::string_view("4c4c4544-0042-3510-8054-b4c04f565931\0", 37)) == uuid);
  CHECK(uuid_fingerprint("salt", "4c4c4544-0042-3510-8054-b4c04f565932") != uuid);
  CHECK(uuid_fingerprint("salt2", "4c4c4544-0042-3510-8054-b4c04f565931") != uuid);
}

TEST_CASE("fingerprint: UUIDs that boards carry whose maker gave them none say nothing") {
  for (const char* text : {"", "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
                           "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009", "Not Settable",
                           "4c4c4544-0042-3510-8054-b4c04f56593", "4c4c4544-0042-3510-8054-b4c04f5659311"}) {
    INFO(text);
    CHECK_FALSE(uuid_fingerprint("salt", text));
  }
}

TEST_CASE("fingerprint: the numbers stay what they are, as agents of other versions make them") {
  CHECK(mac_fingerprint("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "52:54:00:12:34:57") == 0x7EEC'A3B6'A238'B7B5);
  CHECK(uuid_fingerprint("", "4c4c4544-0042-3510-8054-b4c04f565931") == 0xFBAD'AAFA'67C8'A691);
}

TEST_CASE("fingerprint: ports together are one whatever their order, and addresses that no maker gave are not among them") {
  const std::vector<std::string> two = {"b4:96:91:00:00:01", "b4:96:91:00:00:02\n"};
  const auto ports = ports_fingerprint("salt", two);
  REQUIRE(ports);
  CHECK(ports_fingerprint("salt", {"B4:96:91:00:00:02", "b4:96:91:00:00:01", "b4:96:91:00:00:01"}) == ports);
  CHECK(ports_fingerprint("salt", {"b4:96:91:00:00:01", "b4:96:91:00:00:02", "02:42:00:00:00:01", "01:00:5e:00:00:01", "nonsense",
                                   "00:00:00:00:00:00"}) == ports);
  CHECK(ports_fingerprint("other", two) != ports);
  CHECK(ports_fingerprint("salt", {two[0]}) != ports);
  CHECK(ports_fingerprint("salt", {two[0]}) != mac_fingerprint("salt", two[0]));
  CHECK(ports_fingerprint("salt", {"b0:96:91:00:00:01"}) != ports_fingerprint("salt", {"b4:96:91:00:00:01"}));  // makers differ there
  CHECK_FALSE(ports_fingerprint("salt", {}));
  CHECK_FALSE(ports_fingerprint("salt", {"02:42:00:00:00:01"}));
}
