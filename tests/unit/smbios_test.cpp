#include "agent/probe/smbios.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/fake_host.hpp"

using namespace capmap;

namespace {

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(value >> 8 * i & 0xff);
}

std::string structure(std::uint8_t type, std::size_t length, const std::string& texts) {
  std::string bytes(length, '\0');
  put(bytes, 0, type, 1);
  put(bytes, 1, length, 1);
  return bytes + texts;
}

const std::string kNoTexts("\0\0", 2);

std::string texts_of(const std::vector<std::string>& texts) {
  std::string bytes;
  for (const auto& text : texts) bytes += text + '\0';
  return bytes + '\0';
}

std::string module_of(std::uint64_t size, std::uint64_t wide_mib, std::uint8_t type, std::uint64_t speed) {
  std::string bytes = structure(17, 40, kNoTexts);
  put(bytes, 12, size, 2);
  put(bytes, 18, type, 1);
  put(bytes, 21, speed, 2);
  put(bytes, 28, wide_mib, 4);
  return bytes;
}

std::string processor_of(std::uint8_t status, std::uint64_t max_mhz) {
  std::string bytes = structure(4, 48, std::string("Xeon  Gold\0\0", 12));
  put(bytes, 5, 3, 1);
  put(bytes, 16, 1, 1);
  put(bytes, 20, max_mhz, 2);
  put(bytes, 22, 2100, 2);
  put(bytes, 24, status, 1);
  put(bytes, 35, 0xff, 1);
  put(bytes, 42, 288, 2);
  return bytes;
}

std::string system_of(const char* maker) {
  std::string bytes = structure(1, 27, std::string(maker) + '\0' + "R7625" + '\0' + '\0');
  put(bytes, 4, 1, 1);
  put(bytes, 5, 2, 1);
  put(bytes, 8, 0x1234, 2);
  return bytes;
}

const std::string kEnd = structure(127, 4, kNoTexts);

}  // namespace

TEST_CASE("smbios: system, filled sockets and modules are read, empty ones are counted") {
  const auto read = parse_smbios(system_of("Dell Inc.") + processor_of(0x41, 4000) + processor_of(0, 4000) +
                                 module_of(0x7fff, 131072, 0x22, 4800) + module_of(16384, 0, 0x24, 5600) + module_of(0, 0, 2, 0) + kEnd);
  REQUIRE(read);
  CHECK(read->problems.empty());
  const Smbios& smbios = read->value;
  CHECK(smbios.manufacturer == "Dell Inc.");
  CHECK(smbios.product == "R7625");
  CHECK(smbios.has_uuid);
  CHECK(smbios.sockets == 2);
  REQUIRE(smbios.processors.size() == 1);
  CHECK(smbios.processors[0] == SocketedProcessor{.model = "Xeon Gold", .max_mhz = 4000, .current_mhz = 2100, .cores = 288});
  CHECK(smbios.slots == 3);
  REQUIRE(smbios.modules.size() == 2);
  CHECK(smbios.modules[0] == MemoryModule{.bytes = 128ULL << 30, .type = "DDR5", .speed_mts = 4800});
  CHECK(smbios.modules[1] == MemoryModule{.bytes = 16ULL << 30, .type = "HBM3", .speed_mts = 5600});
  CHECK(smbios.installed_bytes() == 144ULL << 30);
}

TEST_CASE("smbios: what makers leave open, and figures that cannot be, stay unknown") {
  const auto read = parse_smbios(system_of("To Be Filled By O.E.M.") + processor_of(0x41, 60'000) + module_of(0xffff, 0, 0xee, 0) +
                                 module_of(0x7fff, 0x7fffffff, 0x22, 0) + module_of(0x7fff, 0x7fffffff, 0x22, 0) + kEnd);
  REQUIRE(read);
  CHECK(read->value.manufacturer.empty());
  CHECK_FALSE(read->value.processors.at(0).max_mhz.has_value());
  CHECK(read->value.modules.at(0) == MemoryModule{});
  CHECK_FALSE(read->value.modules.at(1).bytes.has_value());
  CHECK_FALSE(read->value.installed_bytes().has_value());
  CHECK(read->problems.size() == 2);  // each kind once
}

TEST_CASE("smbios: a table without its secrets tells the same, and none of its serial numbers") {
  std::string system = structure(1, 27, texts_of({"Dell Inc.", "R7625", "SERIAL-1", "SKU-2"}));
  put(system, 4, 1, 1);
  put(system, 5, 2, 1);
  put(system, 7, 3, 1);
  put(system, 8, 0x1234567890abcdef, 8);
  put(system, 25, 4, 1);
  std::string bios = structure(0, 24, texts_of({"Maker", "1.8", "2024-05-06"}));
  put(bios, 4, 1, 1);
  put(bios, 5, 2, 1);
  put(bios, 8, 3, 1);
  std::string board = structure(2, 15, texts_of({"Dell Inc.", "BOARD-S", "0H3K7P"}));
  put(board, 4, 1, 1);
  put(board, 7, 2, 1);
  put(board, 5, 3, 1);
  std::string module = structure(17, 40, texts_of({"DIMM-S3", "ASSET-4"}));
  put(module, 12, 16384, 2);
  put(module, 18, 0x22, 1);
  put(module, 24, 1, 1);
  const std::string other = structure(11, 5, texts_of({"OEM-5"}));
  for (const auto& table : {bios + system + board + processor_of(0x41, 4000) + other + module + kEnd, system + module, system + "\x11\x02",
                            system_of("Default string") + kEnd, std::string("\x01"), std::string()}) {
    const auto clean = without_secrets(table);
    for (const auto* secret : {"SERIAL", "SKU", "BOARD-S", "DIMM-S", "ASSET", "OEM-", "\xef\xcd\xab"})
      CHECK(clean.find(secret) == std::string::npos);
    CHECK(without_secrets(clean) == clean);
    const auto before = parse_smbios(table), after = parse_smbios(clean);
    REQUIRE(static_cast<bool>(before) == static_cast<bool>(after));
    if (!before) {
      CHECK(before.error().what == after.error().what);
      continue;
    }
    CHECK(before->problems == after->problems);
    CHECK(before->value == after->value);
  }
  const auto whole = parse_smbios(bios + system + board + kEnd);
  REQUIRE(whole);
  CHECK(whole->value.bios_version == "1.8");
  CHECK(whole->value.bios_date == "2024-05-06");
  CHECK(whole->value.board == "0H3K7P");
}

TEST_CASE("smbios: a table that is cut, empty or no table at all is not believed beyond its whole structures") {
  CHECK(parse_smbios("").error().code == ErrorCode::kMalformed);
  CHECK(parse_smbios(std::string("\x01\x02\0\0", 4)).error().code == ErrorCode::kMalformed);
  CHECK(parse_smbios(std::string(4096, '\xff')).error().code == ErrorCode::kMalformed);
  const std::string whole = system_of("Dell Inc.") + module_of(16384, 0, 0x22, 4800) + kEnd;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto read = parse_smbios(std::string_view(whole).substr(0, length));
    if (!read) continue;
    CHECK(read->value.modules.size() <= 1);
    if (read->value.modules.empty()) CHECK_FALSE(read->value.installed_bytes().has_value());
  }
}

TEST_CASE("smbios: a table that may not be read is a reason, not a machine without memory") {
  const test::FakeHost host;
  CHECK(read_smbios(host.root()).error().code == ErrorCode::kAbsent);
  host.put("sys/firmware/dmi/tables/DMI", system_of("Dell Inc.") + kEnd);
  CHECK(read_smbios(host.root())->value.manufacturer == "Dell Inc.");
}
