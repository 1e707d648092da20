#include "agent/kept_file.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

TEST_CASE("kept file: a captured machine's file is read anew each time") {
  const test::FakeHost host;
  KeptFile file("proc/x");
  CHECK(file.read(host.root()).error().code == ErrorCode::kAbsent);
  host.put("proc/x", "one");
  CHECK(*file.read(host.root()) == "one");
  host.remove("proc/x");
  host.put("proc/x", "two!");
  CHECK(*file.read(host.root()) == "two!");
}

TEST_CASE("kept file: the running machine's files are whole, newer at each read, and the same as read at once") {
  const HostRoot live;
  KeptFile stat("proc/self/stat"), mounts("proc/self/mountinfo"), uptime("proc/uptime");
  CHECK(*mounts.read(live) == *live.read("proc/self/mountinfo"));
  CHECK(*mounts.read(live) == *live.read("proc/self/mountinfo"));
  REQUIRE(stat.read(live));
  const std::string before(*uptime.read(live));
  std::string after = before;
  for (int i = 0; i < 100'000'000 && after == before; ++i) after = *uptime.read(live);
  CHECK(after != before);
}

TEST_CASE("kept file: a file over a page comes whole, one over the bound is refused") {
  const HostRoot live;
  KeptFile kallsyms("proc/kallsyms"), smaps("proc/self/smaps");
  const auto whole = smaps.read(live);
  REQUIRE(whole);
  CHECK(whole->size() > 4096);
  CHECK(whole->find("[stack]") != std::string_view::npos);
  if (const auto symbols = live.read("proc/kallsyms", 1 << 20); !symbols && symbols.error().code == ErrorCode::kFull) {
    CHECK(kallsyms.read(live).error().code == ErrorCode::kFull);
  }
}

TEST_CASE("kept file: what is not there says so, in the words of any other read") {
  const HostRoot live;
  KeptFile absent("proc/capmap-is-not-there");
  CHECK(absent.read(live).error() == live.read("proc/capmap-is-not-there").error());
}

}  // namespace
}  // namespace capmap
