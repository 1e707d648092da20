#include "agent/guests.hpp"

#include <poll.h>

#include <catch2/catch.hpp>

#include "agent/guest_lines.hpp"
#include "agent/own_fingerprints.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using test::FakeHost;

namespace {

constexpr const char* kSalt = "pepper";

/// A machine with KVM, and a shell script in the place of capmap-probe that prints the file "said" and counts its runs.
struct Sample {
  FakeHost host;
  std::string probe = host.path() + "/probe";

  Sample() {
    host.put("dev/kvm", "");
    hold(1);
    say("end\n");
    host.put("probe", "#!/bin/sh\necho run >> \"$3/runs\"\ncat \"$3/said\"\n[ ! -e \"$3/fails\" ]\n");
    std::filesystem::permissions(probe, std::filesystem::perms::owner_all);
  }
  void hold(int count) const { host.put("sys/module/kvm_amd/refcnt", std::to_string(count) + "\n"); }
  void say(const std::string& lines) const { host.put("said", lines); }
  [[nodiscard]] Guests guests() const {
    AgentSettings settings;
    settings.root = host.path();
    settings.fingerprint_salt = kSalt;
    return Guests(settings, probe);
  }
  [[nodiscard]] std::size_t runs() const {
    const auto text = host.root().read("runs");
    return text ? static_cast<std::size_t>(std::ranges::count(*text, '\n')) : 0;
  }
};

/// Steps at one told moment until no run is in flight. True when something else is known.
bool finish(Guests& guests, std::uint64_t now_ms) {
  bool moved = guests.step(now_ms);
  for (int i = 0; i < 2'000 && guests.due_ms() != UINT64_MAX; ++i) {
    pollfd waiting{.fd = guests.fd(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, 5);
    moved = guests.step(now_ms) || moved;
  }
  return moved;
}

std::optional<std::vector<Fingerprint>> said(const Guests& guests) {
  Hello hello;
  guests.add_to(hello);
  return hello.guest_fingerprints;
}

std::vector<Problem> problems(const Guests& guests) {
  Usage usage;
  guests.add_to(usage);
  return usage.problems;
}

}  // namespace

TEST_CASE("guests: what runs here is looked for once its signs have moved, and now and then, not each minute") {
  const Sample sample;
  auto guests = sample.guests();
  CHECK_FALSE(said(guests));  // not known yet
  sample.say("mac 52:54:00:00:00:01\nuuid 0f3c1a52-7d1b-4f7e-9b1e-2a4c5d6e7f80\nmac fe:54:00:00:00:01\nmac nonsense\nend\n");
  CHECK(finish(guests, 1'000));
  std::vector wanted = {*mac_fingerprint(kSalt, "52:54:00:00:00:01"), *uuid_fingerprint(kSalt, "0f3c1a52-7d1b-4f7e-9b1e-2a4c5d6e7f80")};
  std::ranges::sort(wanted);
  CHECK(said(guests) == wanted);
  CHECK(sample.runs() == 1);
  for (std::uint64_t now_ms = 11'000; now_ms < 600'000; now_ms += 10'000) CHECK_FALSE(finish(guests, now_ms));
  CHECK(sample.runs() == 1);

  sample.hold(4);
  sample.say("end\n");
  CHECK(finish(guests, 661'000));
  CHECK(said(guests) == std::vector<Fingerprint>());
  CHECK(sample.runs() == 2);
  sample.hold(5);  // another soon after waits its time
  CHECK_FALSE(finish(guests, 722'000));
  CHECK(sample.runs() == 2);
  finish(guests, 845'000);
  CHECK(sample.runs() == 3);
  finish(guests, 845'000 + 1'860'000);
  CHECK(sample.runs() == 4);
}

TEST_CASE("guests: where KVM is not there or nobody holds it nothing is started, and what was known is over") {
  const Sample sample;
  sample.say("mac 52:54:00:00:00:01\nend\n");
  auto guests = sample.guests();
  finish(guests, 1'000);
  CHECK(said(guests)->size() == 1);
  sample.hold(0);
  CHECK(finish(guests, 100'000));
  CHECK(said(guests) == std::vector<Fingerprint>());
  CHECK(sample.runs() == 1);
  sample.host.remove("dev");
  auto bare = sample.guests();
  CHECK(finish(bare, 1'000));
  CHECK(said(bare) == std::vector<Fingerprint>());
  CHECK(sample.runs() == 1);
}

TEST_CASE("guests: a tap device that comes is a sign, where the kernel shows no holders of KVM") {
  const Sample sample;
  sample.host.remove("sys/module");
  auto guests = sample.guests();
  finish(guests, 1'000);
  CHECK(sample.runs() == 1);
  sample.host.put_folder("sys/class/net/veth12");
  finish(guests, 300'000);
  CHECK(sample.runs() == 1);
  sample.host.put_folder("sys/class/net/vnet7");
  finish(guests, 600'000);
  CHECK(sample.runs() == 2);
}

TEST_CASE("guests: a look that fails is told, what was known holds, and the next one is made when it is due") {
  const Sample sample;
  sample.say("mac 52:54:00:00:00:01\nend\n");
  auto guests = sample.guests();
  finish(guests, 1'000);
  const auto known = said(guests);
  sample.hold(9);
  sample.say("mac 52:54:00:00:00:02\n");  // cut
  CHECK_FALSE(finish(guests, 300'000));
  CHECK(said(guests) == known);
  REQUIRE(problems(guests).size() == 1);
  CHECK(problems(guests)[0].what.find("ends early") != std::string::npos);
  sample.host.put("fails", "");
  finish(guests, 600'000);
  CHECK(problems(guests).at(0).what.find("ended with code 1") != std::string::npos);
  sample.host.remove("fails");
  sample.say("mac 52:54:00:00:00:02\nproblem guests some are hidden\nend\n");
  CHECK(finish(guests, 900'000));
  CHECK(said(guests) != known);
  CHECK(problems(guests) == std::vector<Problem>{{"guests", "some are hidden"}});
}

TEST_CASE("guests: a look that hangs is told and left alone, nothing is started beside it, and its answer is taken when it comes") {
  const Sample sample;
  sample.host.put("probe", "#!/bin/sh\necho run >> \"$3/runs\"\nwhile [ ! -e \"$3/go\" ]; do sleep 0.05; done\ncat \"$3/said\"\n");
  sample.say("mac 52:54:00:00:00:01\nend\n");
  auto guests = sample.guests();
  guests.step(1'000);
  CHECK(guests.due_ms() == 61'000);
  for (const std::uint64_t now_ms : {61'000U, 700'000U, 4'000'000U}) {
    guests.step(now_ms);
    CHECK(problems(guests).size() == 1);
  }
  CHECK(guests.due_ms() == UINT64_MAX);
  CHECK(guests.fd() >= 0);
  sample.host.put("go", "");
  bool moved = false;
  for (int i = 0; i < 2'000 && !moved; ++i) {
    pollfd waiting{.fd = guests.fd(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, 5);
    moved = guests.step(4'000'000);
  }
  CHECK(moved);
  CHECK(said(guests)->size() == 1);
  CHECK(problems(guests).empty());
  CHECK(sample.runs() == 1);
}

TEST_CASE("guests: what this machine is known by is told by virtual machines alone") {
  const Sample sample;
  sample.host.put_folder("sys/class/net/eth0/device");
  sample.host.put("sys/class/net/eth0/address", "52:54:00:00:00:01\n");
  sample.host.put("sys/class/net/br0/address", "52:54:00:00:00:02\n");
  sample.host.put("sys/class/dmi/id/product_uuid", "0f3c1a52-7d1b-4f7e-9b1e-2a4c5d6e7f80\n");
  const auto guests = sample.guests();
  Hello hello;
  for (const char* word : {"", "none"}) {
    hello.virtualization = word;
    guests.add_to(hello);
    CHECK(hello.fingerprints.empty());
  }
  hello.virtualization = "kvm";
  guests.add_to(hello);
  std::vector wanted = {*mac_fingerprint(kSalt, "fe:54:00:00:00:01"), *uuid_fingerprint(kSalt, "0f3c1a52-7d1b-4f7e-9b1e-2a4c5d6e7f80")};
  std::ranges::sort(wanted);
  CHECK(hello.fingerprints == wanted);
}

TEST_CASE("guest lines: what was written is read back, and other text is refused with a reason") {
  const GuestLines lines{.uuids = {"a", "b"}, .addresses = {"52:54:00:00:00:01"}, .problems = {{"guests", "one two\nthree"}}};
  const auto read = read_guest_lines(write_guest_lines(lines));
  REQUIRE(read);
  CHECK(read->uuids == lines.uuids);
  CHECK(read->addresses == lines.addresses);
  CHECK(read->problems == std::vector<Problem>{{"guests", "one two?three"}});
  for (const char* text : {"", "mac 1", "mac 1\n", "end\nmac 1\n", "what 1\nend\n"}) {
    INFO(text);
    const auto refused = read_guest_lines(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kMalformed);
  }
  std::string many;
  for (std::size_t i = 0; i <= kMaxGuestNames; ++i) many += "mac x\n";
  CHECK_FALSE(read_guest_lines(many + "end\n"));
}
