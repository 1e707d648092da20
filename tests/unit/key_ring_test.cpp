#include "common/key_ring.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/key_change.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using support::TemporaryFolder;

namespace {

constexpr std::uint64_t kDay = 86'400'000, kNow = 1'000'000;

struct Machine {
  TemporaryFolder folder;
  std::string path = folder.path() + "/agent.key";
  CurveKeys first = make_curve_keys();

  Machine() { REQUIRE(save_curve_keys(path, first)); }
  [[nodiscard]] KeyRing ring() const {
    auto ring = KeyRing::open(path);
    REQUIRE(ring);
    return *ring;
  }
  [[nodiscard]] std::uint64_t made_unix_ms() const {
    struct stat about {};
    REQUIRE(stat(path.c_str(), &about) == 0);
    return static_cast<std::uint64_t>(about.st_mtim.tv_sec) * 1'000;
  }
};

}  // namespace

TEST_CASE("key ring: a key changes in steps, and a machine that ends at any of them finds a way in") {
  const Machine machine;
  auto ring = machine.ring();
  CHECK(ring.in_use().public_key == machine.first.public_key);
  CHECK_FALSE(ring.try_another());
  REQUIRE(ring.prepare_next());
  const auto next = ring.next_public_key();
  REQUIRE(ring.prepare_next());  // once
  CHECK(ring.next_public_key() == next);
  CHECK(machine.ring().next_public_key() == next);  // it ended before or after it was offered
  CHECK(machine.ring().in_use().public_key == machine.first.public_key);
  ring.use_next();
  CHECK(ring.in_use().public_key == next);
  {
    auto again = machine.ring();  // it ended when the controller knew the next one alone
    CHECK(again.in_use().public_key == machine.first.public_key);
    CHECK(again.try_another());
    CHECK(again.in_use().public_key == next);
    CHECK(again.try_another());
    CHECK(again.in_use().public_key == machine.first.public_key);
  }
  CHECK(*ring.confirm());
  CHECK_FALSE(*ring.confirm());
  CHECK(ring.next_public_key().empty());
  const auto after = machine.ring();
  CHECK(after.in_use().public_key == next);
  CHECK(after.next_public_key().empty());
  struct stat about {};
  REQUIRE(stat(machine.path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
}

TEST_CASE("key ring: a controller that was restored to before the change knows the key of before, which is the machine's again") {
  const Machine machine;
  auto ring = machine.ring();
  REQUIRE(ring.prepare_next());
  const auto second = ring.next_public_key();
  ring.use_next();
  REQUIRE(ring.confirm());
  CHECK(ring.try_another());
  CHECK(ring.in_use().public_key == machine.first.public_key);
  CHECK(*ring.confirm());
  auto after = machine.ring();
  CHECK(after.in_use().public_key == machine.first.public_key);
  CHECK(after.try_another());
  CHECK(after.in_use().public_key == second);
}

TEST_CASE("key ring: a next key that cannot be read is made anew; one that is dropped is gone") {
  const Machine machine;
  const auto next_path = machine.path + ".next";
  REQUIRE(save_curve_keys(next_path, make_curve_keys()));
  chmod(next_path.c_str(), 0644);
  auto ring = machine.ring();
  CHECK(ring.next_public_key().empty());
  REQUIRE(ring.prepare_next());
  CHECK_FALSE(ring.next_public_key().empty());
  ring.use_next();
  REQUIRE(ring.drop_next());
  CHECK(ring.in_use().public_key == machine.first.public_key);
  CHECK(access(next_path.c_str(), F_OK) != 0);
}

TEST_CASE("key change: due by age with the last tenth spread, at once when it was begun, never when the age is 0") {
  const Machine machine;
  const auto made = machine.made_unix_ms();
  std::uint64_t least = UINT64_MAX, most = 0;
  for (int i = 0; i < 200; ++i) {
    const KeyChange change(machine.ring(), 90 * kDay, kNow, made + 10 * kDay);
    least = std::min(least, change.due_ms() - kNow);
    most = std::max(most, change.due_ms() - kNow);
  }
  CHECK(least >= 71 * kDay);
  CHECK(most <= 80 * kDay);
  CHECK(most - least > kDay);
  CHECK(KeyChange(machine.ring(), 90 * kDay, kNow, made + 91 * kDay).due_ms() <= kNow + 600'000);
  CHECK(KeyChange(machine.ring(), 0, kNow, made + 900 * kDay).due_ms() == UINT64_MAX);
  auto begun = machine.ring();
  REQUIRE(begun.prepare_next());
  CHECK(KeyChange(machine.ring(), 0, kNow, made).due_ms() == kNow);
}

TEST_CASE(
    "key change: offered until it is kept, then used; a refusal drops it for an hour; what another offer was answered is not heeded") {
  const Machine machine;
  KeyChange change(machine.ring(), 0, kNow, machine.made_unix_ms());
  CHECK_FALSE(change.take({.rotate = true}, kNow));
  CHECK(change.due_ms() <= kNow + 5'000);
  const auto offer = change.offer(kNow);
  REQUIRE(offer);
  CHECK(change.due_ms() > kNow);
  CHECK(change.due_ms() <= kNow + 90'000);
  CHECK_FALSE(change.take({.kept_key = make_curve_keys().public_key}, kNow));
  CHECK(change.in_use().public_key == machine.first.public_key);
  CHECK_FALSE(change.take({.refused = "another has it"}, kNow));
  CHECK(change.due_ms() == kNow + 3'600'000);
  const auto second = change.offer(kNow);
  REQUIRE(second);
  CHECK(second->next_public_key != offer->next_public_key);
  CHECK(change.take({.kept_key = second->next_public_key}, kNow));
  CHECK_FALSE(change.take({.kept_key = second->next_public_key}, kNow));  // the link is made anew once
  CHECK(change.in_use().public_key == second->next_public_key);
  change.answered(kNow, machine.made_unix_ms());
  CHECK(machine.ring().in_use().public_key == second->next_public_key);
  change.refused();
  CHECK(change.in_use().public_key == second->next_public_key);
  change.refused();
  CHECK(change.in_use().public_key == machine.first.public_key);
}
