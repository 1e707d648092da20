// The server's keys on disk, over each phase of a change and each moment at which it may be cut off; and when the next phase begins.
#include "controller/store/server_keys.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "controller/server_key_desk.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

/// A state folder with the key that init makes.
struct Folder {
  Folder() { REQUIRE(save_curve_keys(file("server.key"), make_curve_keys())); }
  [[nodiscard]] std::string file(const std::string& name) const { return folder.path() + "/" + name; }
  [[nodiscard]] ServerKeys open() const {
    auto keys = open_server_keys(folder.path());
    INFO((keys ? "" : keys.error().what));
    REQUIRE(keys);
    return *keys;
  }
  [[nodiscard]] ServerKeys next(std::uint64_t now) const {
    auto keys = begin_next_phase(folder.path(), open(), now);
    REQUIRE(keys);
    return *keys;
  }
  [[nodiscard]] std::string key_in(const std::string& name) const {
    const auto keys = load_curve_keys(file(name));
    return keys ? keys->public_key : std::string();
  }
  TemporaryFolder folder;
};

/// With the key's age, which is the file's where nothing is written down yet.
void copy_folder(const std::string& from, const std::string& to) {
  fs::copy(from, to);
  fs::last_write_time(to + "/server.key", fs::last_write_time(from + "/server.key"));
}

void check_same(const ServerKeys& a, const ServerKeys& b) {
  CHECK(a.phase == b.phase);
  CHECK(a.phase_since_unix_ms == b.phase_since_unix_ms);
  CHECK(a.current_since_unix_ms == b.current_since_unix_ms);
  CHECK(a.current.secret_key == b.current.secret_key);
  CHECK(a.second.has_value() == b.second.has_value());
  if (a.second && b.second) CHECK(a.second->secret_key == b.second->secret_key);
  CHECK(a.enrolment.secret_key == b.enrolment.secret_key);
}

}  // namespace

TEST_CASE("server keys: each phase is on disk; the enrolment port keeps the first key, and no old key stays") {
  const Folder folder;
  const auto first = folder.open();
  CHECK(first.phase == KeyPhase::kOne);
  CHECK(first.enrolment.public_key == first.current.public_key);
  CHECK(key_of_other_port(first) == nullptr);
  for (int turn = 0; turn < 2; ++turn) {
    const auto before = folder.open();
    const auto learning = folder.next(100);
    CHECK(learning.phase == KeyPhase::kLearning);
    CHECK(learning.current.public_key == before.current.public_key);
    REQUIRE(key_of_other_port(learning) != nullptr);
    CHECK(key_of_other_port(learning)->public_key == folder.key_in("server.key.next"));
    const auto leaving = folder.next(200);
    CHECK(leaving.phase == KeyPhase::kLeaving);
    const auto returning = folder.next(300);
    CHECK(returning.phase == KeyPhase::kReturning);
    CHECK(returning.current.public_key == learning.second->public_key);
    CHECK(returning.current_since_unix_ms == 300);
    CHECK(key_of_other_port(returning)->public_key == returning.current.public_key);  // on both ports
    CHECK(folder.key_in("server.key") == returning.current.public_key);
    CHECK(folder.key_in("server.key.old") == before.current.public_key);
    CHECK(folder.key_in("server.key.next").empty());
    const auto both = folder.next(400);
    CHECK(key_of_other_port(both)->public_key == before.current.public_key);
    const auto one = folder.next(500);
    CHECK(one.phase == KeyPhase::kOne);
    CHECK(one.enrolment.public_key == first.current.public_key);
    CHECK_FALSE(fs::exists(folder.file("server.key.old")));
    CHECK_FALSE(fs::exists(folder.file("server.key.swap")));
    check_same(folder.open(), one);
  }
}

TEST_CASE("server keys: a crash at any moment of a change leaves the phase before or the next one, and no key lost") {
  for (int phase = 0; phase < 5; ++phase) {
    const Folder folder;
    for (int i = 0; i < phase; ++i) static_cast<void>(folder.next(100));
    const auto before = folder.open();
    const TemporaryFolder kept;
    copy_folder(folder.folder.path(), kept.path() + "/a");
    const auto after = folder.next(900);
    INFO("phase " << phase);
    // Cut off before the record was written: a next key may lie there already.
    copy_folder(kept.path() + "/a", kept.path() + "/b");
    if (after.phase == KeyPhase::kLearning) {
      fs::copy_file(folder.file("server.key.next"), kept.path() + "/b/server.key.next");
      fs::copy_file(folder.file("enrol.key"), kept.path() + "/b/enrol.key");
    }
    auto opened = open_server_keys(kept.path() + "/b");
    REQUIRE(opened);
    check_same(*opened, before);
    REQUIRE(begin_next_phase(kept.path() + "/b", *opened, 901));
    // Cut off once it was, at each step of the files' new names.
    for (int step = 0; step < 4; ++step) {
      INFO("step " << step);
      const auto cut = kept.path() + "/cut" + std::to_string(step);
      copy_folder(kept.path() + "/a", cut);
      if (after.phase == KeyPhase::kLearning) {
        fs::copy_file(folder.file("server.key.next"), cut + "/server.key.next");
        fs::copy_file(folder.file("enrol.key"), cut + "/enrol.key");
      }
      fs::copy_file(folder.file("server.rotation"), cut + "/server.rotation", fs::copy_options::overwrite_existing);
      if (after.phase == KeyPhase::kReturning) {
        if (step >= 1) fs::create_hard_link(cut + "/server.key", cut + "/server.key.swap");
        if (step >= 2) fs::rename(cut + "/server.key.next", cut + "/server.key");
        if (step >= 3) fs::rename(cut + "/server.key.swap", cut + "/server.key.old");
      }
      for (int start = 0; start < 2; ++start) {
        const auto again = open_server_keys(cut);
        REQUIRE(again);
        check_same(*again, after);
      }
    }
  }
}

TEST_CASE("server keys: a phase whose record was written before something failed is gone on with, and its key stays") {
  const Folder folder;
  const auto before = folder.open();
  const auto begun = folder.next(100);
  const auto again = begin_next_phase(folder.folder.path(), before, 200);  // who failed knows of nothing but the phase before
  REQUIRE(again);
  check_same(*again, begun);
  check_same(folder.open(), begun);
}

TEST_CASE("server keys: files that others may read, that are damaged or missing are refused with the place and the way out") {
  const Folder folder;
  static_cast<void>(folder.next(100));
  const auto error = [&folder] {
    const auto keys = open_server_keys(folder.folder.path());
    REQUIRE_FALSE(keys);
    return keys.error();
  };
  chmod(folder.file("server.key.next").c_str(), 0644);
  CHECK(error().code == ErrorCode::kDenied);
  CHECK_THAT(error().what, Contains("chmod 600") && Contains("server.key.next"));
  chmod(folder.file("server.key.next").c_str(), 0600);
  fs::rename(folder.file("server.key.next"), folder.file("away"));
  CHECK_THAT(error().what, Contains("server.rotation") && Contains("no file beside it holds"));
  fs::rename(folder.file("away"), folder.file("server.key.next"));
  fs::rename(folder.file("enrol.key"), folder.file("away"));
  CHECK_THAT(error().what, Contains("enrol.key") && Contains("bring it back"));
  fs::rename(folder.file("away"), folder.file("enrol.key"));
  const auto good = folder.open();
  for (const std::string bytes :
       {"", "1 learning", "2 learning 1 1 a b", "1 nowhere 1 1 - -", "\xff\xfe", "1 one 99999999999999999999 1 x -"}) {
    std::ofstream(folder.file("server.rotation"), std::ios::trunc) << bytes;
    CHECK(error().code == ErrorCode::kMalformed);
    CHECK_THAT(error().what, Contains("server.rotation") && Contains("damaged"));
  }
  std::ofstream(folder.file("server.rotation"), std::ios::trunc)
      << "1 one 1 1 " << good.current.public_key << " " << good.second->public_key << "\n";
  CHECK_THAT(error().what, Contains("damaged"));
}

TEST_CASE("server keys: the next phase begins when nobody is cut off by it, or when patience is over; a clock set back begins none") {
  const ServerKeyPolicy policy{.max_age_ms = 1'000, .window_ms = 5'000, .old_ms = 5'000, .move_ms = 100, .hear_ms = 50};
  ServerKeys keys;
  keys.phase_since_unix_ms = keys.current_since_unix_ms = 10'000;
  const auto due = [&](KeyPhase phase, const ServerKeyCensus& census, std::uint64_t now, std::uint64_t settled) {
    keys.phase = phase;
    return next_phase_is_due(keys, policy, census, now, settled);
  };
  CHECK_FALSE(due(KeyPhase::kOne, {}, 10'999, 99'999));
  CHECK(due(KeyPhase::kOne, {}, 11'000, 0));
  CHECK_FALSE(due(KeyPhase::kOne, {}, 1, 99'999));
  auto by_hand = policy;
  by_hand.max_age_ms = 0;
  CHECK_FALSE(next_phase_is_due(keys, by_hand, {}, UINT64_MAX, 99'999));
  CHECK(due(KeyPhase::kLearning, {.heard = 5, .knowing = 5}, 15'000, 50));
  CHECK_FALSE(due(KeyPhase::kLearning, {.heard = 5, .knowing = 4}, 99'000, 99'999));
  CHECK_FALSE(due(KeyPhase::kLearning, {.heard = 5, .knowing = 5}, 14'999, 99'999));
  CHECK_FALSE(due(KeyPhase::kLearning, {.heard = 5, .knowing = 5}, 15'000, 49));
  CHECK_FALSE(due(KeyPhase::kLearning, {.heard = 5, .knowing = 5}, 1, 99'999));
  CHECK(due(KeyPhase::kLeaving, {.on_message_port = 0, .on_other_port = 5}, 10'000, 150));
  CHECK_FALSE(due(KeyPhase::kLeaving, {.on_message_port = 1, .on_other_port = 4}, 10'000, 60'299));
  CHECK(due(KeyPhase::kLeaving, {.on_message_port = 1, .on_other_port = 4}, 10'000, 60'300));
  CHECK_FALSE(due(KeyPhase::kReturning, {.on_message_port = 4, .on_other_port = 1}, 10'000, 150));
  CHECK(due(KeyPhase::kReturning, {.on_message_port = 5, .on_other_port = 0}, 10'000, 150));
  CHECK_FALSE(due(KeyPhase::kBoth, {}, 14'999, 99'999));
  CHECK(due(KeyPhase::kBoth, {}, 15'000, 50));
}

TEST_CASE("server keys: an admin's wish is refused with the reason, and what was published is what is on disk") {
  const Folder folder;
  Published<ServerKeyState> state;
  Published<ServerKeyCensus> census;
  const auto count = [&](const ServerKeyCensus& one) { census.publish(std::make_shared<const ServerKeyCensus>(one)); };
  ServerKeyDesk desk({.state_folder = folder.folder.path(),
                      .policy = {.max_age_ms = 0, .window_ms = 1'000'000, .old_ms = 1'000'000, .move_ms = 100, .hear_ms = 50},
                      .other_port = 8473,
                      .state = state,
                      .census = census},
                     folder.open(), 0);
  const auto refused = [&](bool finish, bool force, std::uint64_t boot_ms) {
    return desk.ask({.finish = finish, .force = force}, 1'000, boot_ms).refused;
  };
  CHECK_THAT(refused(true, false, 0), Contains("no change"));
  CHECK(refused(false, false, 0).empty());
  CHECK(state.take()->phase == KeyPhase::kLearning);
  CHECK(desk.status().second_public_key == folder.key_in("server.key.next"));
  CHECK_THAT(refused(false, false, 0), Contains("under way"));
  CHECK_THAT(refused(true, false, 10), Contains("not everybody has been heard"));
  count({.number = state.take()->number, .heard = 7, .knowing = 5, .on_message_port = 7});
  CHECK_THAT(refused(true, false, 100), Contains("2 of 7"));
  count({.number = state.take()->number, .heard = 7, .knowing = 7, .on_message_port = 7, .problem = "port 8473 is in use"});
  CHECK_THAT(refused(true, false, 100), Contains("port 8473 is in use"));
  count({.number = state.take()->number, .heard = 7, .knowing = 7, .on_message_port = 7});
  CHECK(refused(true, false, 100).empty());
  CHECK(state.take()->phase == KeyPhase::kLeaving);
  CHECK_THAT(refused(true, true, 100), Contains("changing roles"));
  desk.turn(2'000, 500);  // what was counted is of the phase before
  CHECK(state.take()->phase == KeyPhase::kLeaving);
  count({.number = state.take()->number, .heard = 7, .knowing = 7, .on_message_port = 0, .on_other_port = 7});
  desk.turn(2'000, 500);
  CHECK(state.take()->phase == KeyPhase::kReturning);
  CHECK(folder.open().phase == KeyPhase::kReturning);
  count({.number = state.take()->number, .heard = 7, .knowing = 7, .on_message_port = 7, .on_other_port = 0});
  desk.turn(3'000, 1'000);
  CHECK(desk.status().phase == "both");
  CHECK_THAT(refused(true, false, 1'000), Contains("lets in until"));
  CHECK(refused(true, true, 1'000).empty());
  CHECK(folder.open().phase == KeyPhase::kOne);
  CHECK_FALSE(state.take()->other_port);
}
