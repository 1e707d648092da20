#include "agent/privileged_facts.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/program.hpp"
#include "tests/support/put_file.hpp"

namespace capmap {
namespace {

PrivilegedFacts facts_of_this_boot() {
  return {.boot_id = current_boot_id(),
          .salt_mark = salt_mark("salt"),
          .uuid = uuid_fingerprint("salt", "4c4c4544-0042-3510-8054-b4c04f565931"),
          .serial = serial_fingerprint("salt", "ABC1234"),
          .container = "none",
          .smbios = std::string("\x01\x04\0\0\0\xff\0", 7)};
}

TEST_CASE("privileged facts: what root read of this boot is read back whole, and holds neither serial number nor UUID") {
  const support::TemporaryFolder state;
  const auto facts = facts_of_this_boot();
  const auto text = privileged_text(facts);
  CHECK(text.find("4c4c4544") == std::string::npos);
  CHECK(text.find("ABC1234") == std::string::npos);
  support::put_file(privileged_path(state.path()), text);
  const auto read = read_privileged_facts(privileged_path(state.path()));
  REQUIRE(read);
  CHECK(*read == facts);
}

TEST_CASE("privileged facts: a file of another boot, as a copied disk carries it, tells nothing of this machine") {
  const support::TemporaryFolder state;
  auto facts = facts_of_this_boot();
  facts.boot_id = "00000000-1111-2222-3333-444444444444";
  support::put_file(privileged_path(state.path()), privileged_text(facts));
  const auto read = read_privileged_facts(privileged_path(state.path()));
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kAbsent);
  CHECK(read_privileged_facts(state.path() + "/none").error().code == ErrorCode::kAbsent);
}

TEST_CASE("privileged facts: lines of a later version are left out, lines without meaning refused with their place") {
  const auto read = [](const std::string& lines) { return parse_privileged_facts("capmap-privileged 1\nboot b-1\n" + lines); };
  REQUIRE(read("colour blue\nuuid 0123456789abcdef\n"));
  CHECK(read("colour blue\nuuid 0123456789abcdef\n")->uuid == 0x0123'4567'89ab'cdef);
  for (const char* line :
       {"uuid 123", "uuid 0123456789abcdeg", "serial ", "smbios abc", "smbios zz", "smbios", "container a b", "salt -1"}) {
    INFO(line);
    const auto bad = read(std::string(line) + "\n");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code == ErrorCode::kMalformed);
    CHECK(bad.error().what.find("privileged.facts:3: ") == 0);
  }
  CHECK_FALSE(parse_privileged_facts(""));
  CHECK_FALSE(parse_privileged_facts("capmap-privileged 2\nboot b\n"));
  CHECK_FALSE(parse_privileged_facts("capmap-privileged 1\n"));
  CHECK_FALSE(read("smbios " + std::string(4 * kMostPrivilegedTableBytes, 'a')));
}

TEST_CASE("privileged facts: salts are told apart without being told, and short serial numbers say nothing") {
  CHECK(salt_mark("one") != salt_mark("two"));
  CHECK(serial_fingerprint("salt", "abc1234 ") == serial_fingerprint("salt", "ABC1234"));
  CHECK(serial_fingerprint("salt", "ABC1235") != serial_fingerprint("salt", "ABC1234"));
  CHECK(serial_fingerprint("other", "ABC1234") != serial_fingerprint("salt", "ABC1234"));
  for (const char* text : {"", "   ", "abc", "0000000", "-------"}) {
    INFO(text);
    CHECK_FALSE(serial_fingerprint("salt", text));
  }
}

TEST_CASE("privileged facts: capmap-probe privileged needs root, and what it writes it writes as the folder's owner") {
  const support::TemporaryFolder state, other;
  const std::string secret = other.path() + "/roots";
  support::put_file(secret, "unchanged\n");
  // Who owns the folder would have root write through a link.
  REQUIRE(symlink(secret.c_str(), (privileged_path(state.path()) + ".new").c_str()) == 0);
  constexpr uid_t kService = 12'345;
  if (geteuid() == 0) REQUIRE(chown(state.path().c_str(), kService, kService) == 0);
  const auto ran = support::run({"capmap-probe", "privileged", "--state", state.path()});
  INFO(ran.output);
  if (geteuid() != 0) {
    CHECK(ran.code == 1);
    return;
  }
  REQUIRE(ran.code == 0);
  const auto read = read_privileged_facts(privileged_path(state.path()));
  REQUIRE(read);
  CHECK(read->boot_id == current_boot_id());
  CHECK_FALSE(read->container.empty());
  struct stat about {};
  REQUIRE(stat(privileged_path(state.path()).c_str(), &about) == 0);
  CHECK(about.st_uid == kService);
  CHECK((about.st_mode & 0777U) == 0640);
  std::string text;
  std::getline(std::ifstream(secret), text);
  CHECK(text == "unchanged");
  CHECK(support::run({"capmap-probe", "privileged", "--state", "/nonexistent/state"}).code == 1);
}

}  // namespace
}  // namespace capmap
