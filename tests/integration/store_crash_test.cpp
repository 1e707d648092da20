// What the store has acknowledged outlives its process, killed at any write, and its machine, power gone at any write.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <random>
#include <set>

#include "controller/store/backup.hpp"
#include "tests/support/dying_disk.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

constexpr std::size_t kChanges = 8;

/// Everything the child will put, known to both sides.
struct Plan {
  Site site = some_site("crash");
  std::vector<KnownNode> nodes;
  std::vector<TokenRecord> tokens;
  explicit Plan(std::size_t changes) {
    for (std::size_t i = 0; i < changes; ++i) {
      nodes.push_back(some_node(site.id));
      tokens.push_back(some_token(site.id));
    }
  }
};

/// Puts node i and token i as one change and says so, for all i; checkpoints and notes between. Returns what opening or a put says.
Result<Done> work(const std::string& folder, const Plan& plan, int said) {
  auto store = open_store(folder, NoStore::kCreate);
  if (!store) return store.error();
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    auto done = (*store)->begin();
    if (done && i == 0) done = (*store)->put_site(plan.site);
    if (done) done = (*store)->put_node(plan.nodes[i]);
    if (done) done = (*store)->put_token(plan.tokens[i]);
    if (done) done = (*store)->commit();
    if (!done) return done;
    const auto number = static_cast<unsigned char>(i);
    if (write(said, &number, 1) != 1) return Error{ErrorCode::kUnavailable, "nobody listens"};
    if (i % 4 == 3) {
      const EncodedShape shape = some_shape(number);
      done = (*store)->note({{.node = plan.nodes[i].id, .seen_unix_ms = 1, .shape = shape.id, .bytes = shape}});
      if (!done) return done;
    }
  }
  return Done{};
}

struct Died {
  std::set<std::size_t> acknowledged;
  int status = 0;
};

template <class Body>
Died in_child(Body body, std::optional<std::chrono::microseconds> kill_after = {}) {
  int pipe_ends[2] = {};
  REQUIRE(pipe(pipe_ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(pipe_ends[0]);
    _exit(body(pipe_ends[1]));
  }
  close(pipe_ends[1]);
  if (kill_after) {
    usleep(static_cast<useconds_t>(kill_after->count()));
    kill(child, SIGKILL);
  }
  Died died;
  unsigned char number = 0;
  while (read(pipe_ends[0], &number, 1) == 1) died.acknowledged.insert(number);
  close(pipe_ends[0]);
  waitpid(child, &died.status, 0);
  return died;
}

/// The folder as a machine finds it whose power failed: of each file what was synced; the shared memory is gone.
void lose_power(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string path = entry.path();
    if (path.ends_with(".synced") || path.ends_with("lock")) continue;
    if (path.ends_with("-shm")) {
      std::filesystem::remove(path);
    } else if (std::filesystem::exists(path + ".synced")) {
      std::filesystem::copy_file(path + ".synced", path, std::filesystem::copy_options::overwrite_existing);
    } else if (!path.ends_with("store.db")) {  // renamed from a file that was synced under its former name
      std::filesystem::resize_file(path, 0);
    }
  }
}

void check_kept(const std::string& folder, const Plan& plan, const Died& died) {
  auto store = open_store(folder, NoStore::kCreate);
  INFO((store ? std::string() : store.error().what));
  REQUIRE(store);
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const auto node = (*store)->find_node(plan.nodes[i].public_key);
    const auto token = (*store)->find_token(plan.tokens[i].secret_hash);
    REQUIRE(node);
    REQUIRE(token);
    CHECK(node->has_value() == token->has_value());  // one change: both or none
    if (died.acknowledged.contains(i)) CHECK(*node == plan.nodes[i]);
  }
  if (!died.acknowledged.empty()) CHECK(*(*store)->find_site("crash") == plan.site);
  store = Error{};
  CHECK(check_store_file(folder + "/store.db"));
}

}  // namespace

TEST_CASE("store crash: killed at each write, sync and truncation in turn, everything acknowledged is there and the file is whole") {
  const Plan plan(kChanges);
  long steps = 0;
  {
    const TemporaryFolder folder;
    int ends[2] = {};
    REQUIRE(pipe(ends) == 0);
    const Died all = in_child([&](int said) {
      DyingDisk::install(0);
      const bool ok = work(folder.path(), plan, said).ok();
      const long count = DyingDisk::steps();
      return ok && write(ends[1], &count, sizeof count) == sizeof count ? 0 : 1;
    });
    REQUIRE(all.status == 0);
    REQUIRE(all.acknowledged.size() == kChanges);
    REQUIRE(read(ends[0], &steps, sizeof steps) == sizeof steps);
    close(ends[0]);
    close(ends[1]);
  }
  REQUIRE(steps > 50);
  std::cout << "killed at each of " << steps << " steps, once with the disk as it was, once with what was synced alone\n";
  for (long at = 1; at <= steps; ++at) {
    for (const bool power : {false, true}) {
      const TemporaryFolder folder;
      const Died died = in_child([&](int said) {
        DyingDisk::install(at);
        return work(folder.path(), plan, said).ok() ? 0 : 1;
      });
      INFO("step " << at << (power ? ", power gone" : ", killed"));
      REQUIRE(WIFEXITED(died.status));
      REQUIRE(WEXITSTATUS(died.status) == DyingDisk::kDied);
      if (power) lose_power(folder.path());
      check_kept(folder.path(), plan, died);
    }
  }
}

TEST_CASE("store crash: killed with -9 at random moments, again and again on one folder, nothing acknowledged is lost") {
  const auto seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  const TemporaryFolder folder;
  std::vector<std::pair<Plan, Died>> rounds;
  for (int round = 0; round < 12; ++round) {
    Plan plan(200);
    plan.site.name = "crash";
    if (!rounds.empty()) plan.site = rounds.front().first.site;
    const Died died = in_child([&](int said) { return work(folder.path(), plan, said).ok() ? 0 : 1; },
                               std::chrono::microseconds(std::uniform_int_distribution<int>(5'000, 150'000)(random)));
    rounds.emplace_back(std::move(plan), died);
    for (const auto& [was, end] : rounds) check_kept(folder.path(), was, end);
  }
  std::size_t acknowledged = 0;
  for (const auto& [plan, died] : rounds) acknowledged += died.acknowledged.size();
  std::cout << acknowledged << " changes acknowledged before the kills\n";
  CHECK(acknowledged > 0);
}
