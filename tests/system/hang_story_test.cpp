// A story at the pace of real servers, with messages and looks each 10 s: within one agent a card's driver hangs, another card is lost, and
// a network file system stops answering, all at once. Prints what it measured.
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/support/deployment.hpp"
#include "tests/support/false_cards.hpp"
#include "tests/support/pausable_mount.hpp"

using namespace capmap::support;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* kLibrary = CAPMAP_BINARY_DIR "/libcapmap_false_nvml.so";
constexpr const char* kSource = "server:/share";
constexpr unsigned kWell = 0, kHung = 1, kLost = 2;
constexpr double kPromiseS = 30, kLimitS = 45;  // promised, and on a loaded machine
constexpr std::uint64_t kSlackMs = 5'000;       // a heartbeat may come so much after its interval

/// A mount namespace of our own whose /sys is that of a machine with cards: network file systems are asked of the running machine alone.
class OwnSys {
 public:
  explicit OwnSys(const std::string& sys) {
    made_ = unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
            mount(sys.c_str(), "/sys", nullptr, MS_BIND, nullptr) == 0;
  }
  ~OwnSys() {
    if (made_) umount2("/sys", MNT_DETACH);
  }
  OwnSys(const OwnSys&) = delete;
  OwnSys& operator=(const OwnSys&) = delete;
  [[nodiscard]] bool made() const { return made_; }

 private:
  bool made_ = false;
};

/// The one node as the map shows it, looked at again and again; notes how old its last word ever was.
class Watched {
 public:
  explicit Watched(int port) : port_(port) {}

  void look() {
    const json list = json::parse(http_get(port_, "/v1/nodes"), nullptr, false);
    if (!list.is_object() || list["nodes"].empty()) return;
    const json& row = list["nodes"][0];
    node_ = json::parse(http_get(port_, "/v1/nodes/" + row["id"].get<std::string>()), nullptr, false);
    if (row["age_ms"].is_number()) oldest_ms_ = std::max(oldest_ms_, row["age_ms"].get<std::uint64_t>());
  }
  [[nodiscard]] json card(unsigned i) const {
    for (const auto& entry : part("accelerators")) {
      if (entry["pci_address"] == FalseCards::address(i)) return entry;
    }
    return json::object({{"used", nullptr}, {"healthy", nullptr}});
  }
  [[nodiscard]] json share() const {
    for (const auto& entry : part("file_systems")) {
      if (entry["source"] == kSource) return entry;
    }
    return json::object({{"size_mb", nullptr}});
  }
  [[nodiscard]] bool says(const std::string& text) const { return part("problems").dump().find(text) != std::string::npos; }
  [[nodiscard]] const json& node() const { return node_; }
  [[nodiscard]] std::uint64_t oldest_ms() const { return oldest_ms_; }
  void forget_age() { oldest_ms_ = 0; }

 private:
  [[nodiscard]] json part(const char* name) const {
    return node_.is_object() && node_.contains(name) && node_[name].is_array() ? node_[name] : json::array();
  }
  int port_;
  json node_;
  std::uint64_t oldest_ms_ = 0;
};

using Condition = std::function<bool()>;

/// Seconds until each condition held for the first time; nothing for those that did not within the limit.
template <std::size_t N>
std::array<std::optional<double>, N> times_until(Watched& watched, const std::array<Condition, N>& conditions) {
  std::array<std::optional<double>, N> times;
  const auto begin = Clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  while (passed() < kLimitS && std::ranges::any_of(times, [](const auto& time) { return !time; })) {
    watched.look();
    for (std::size_t i = 0; i < N; ++i) {
      if (!times[i] && conditions[i]()) times[i] = passed();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return times;
}

void print(const char* what, const std::array<std::optional<double>, 3>& times) {
  const std::array<const char*, 3> names = {"hung call", "lost card", "dead mount"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::cout << what << ' ' << names[i] << ": ";
    if (times[i]) std::cout << *times[i] << " s (promise " << kPromiseS << " s)\n";
    if (!times[i]) std::cout << "not within " << kLimitS << " s\n";
  }
}

TEST_CASE("hangs: a hung call, a lost card and a dead mount at once stop no heartbeat, are on the map soon, and go when they are over") {
  FalseCards cards(3);
  const HostWithCards host(3);
  REQUIRE(host.made().code == 0);
  const OwnSys own(host.root() + "/sys");
  const TemporaryFolder folder;
  PausableMount mount(kSource, folder.path() + "/share");
  if (!own.made() || !mount.mounted()) {
    std::cout << "skipped: mounting needs root and /dev/fuse\n";
    return;
  }
  Deployment deployment;
  deployment.start();
  const auto state = folder.path() + "/agent";
  const auto joined = run({"capmap-agent", "join", deployment.token(1), "--state", state});
  CAPTURE(joined.output);
  REQUIRE(joined.code == 0);
  Program agent({"capmap-agent", "--state", state, "--accelerators-nvml-library", kLibrary}, {cards.variable()});
  Watched watched(deployment.http_port);
  const auto well = [&](unsigned i) { return watched.card(i)["used"] == true && watched.card(i)["healthy"] == true; };
  const std::string hung_line = "device " + FalseCards::address(kHung) + " has not answered for";
  const auto mount_told = [&] { return watched.says(std::string(kSource) + " at "); };
  const std::array<Condition, 3> all_well = {[&] { return well(kHung) && !watched.says(hung_line); },
                                             [&] { return well(kLost) && !watched.says("the card is lost"); },
                                             [&] { return watched.share()["size_mb"] == 4'096 && !mount_told(); }};
  const auto began = times_until(watched, all_well);
  INFO(agent.output() << watched.node().dump(1));
  for (const auto& time : began) REQUIRE(time);
  REQUIRE(well(kWell));
  REQUIRE(watched.node()["interval_ms"].is_number());
  const auto most_ms = watched.node()["interval_ms"].get<std::uint64_t>() + kSlackMs;
  CHECK(most_ms >= 10'000 + kSlackMs);

  watched.forget_age();
  cards.set(std::to_string(kHung) + ".call.utilization", "hang");
  cards.set(std::to_string(kLost) + ".call.pci", "error 15");
  mount.pause();
  const auto told = times_until<3>(
      watched, {[&] { return watched.says(hung_line); },
                [&] { return watched.says("the card is lost") && watched.card(kLost)["healthy"] == false; }, [&] { return mount_told(); }});
  print("on the map:", told);
  INFO("with the faults: " << watched.node().dump(1));
  for (const auto& time : told) CHECK(time);
  // The last good value stands for three intervals; then it is unknown.
  CHECK(times_until<1>(watched, {[&] { return watched.card(kHung)["used"].is_null(); }})[0]);
  CHECK(well(kWell));

  cards.clear(std::to_string(kHung) + ".call.utilization");
  cards.clear(std::to_string(kLost) + ".call.pci");
  mount.resume();
  const auto healed = times_until(watched, all_well);
  print("gone from the map:", healed);
  INFO("afterwards: " << watched.node().dump(1));
  for (const auto& time : healed) CHECK(time);
  std::cout << "the node's last word was never older than " << watched.oldest_ms() << " ms (promise " << most_ms << " ms)\n";
  CHECK(watched.oldest_ms() <= most_ms);
  agent.signal(SIGTERM);
  CHECK(agent.wait(std::chrono::seconds(20)).value_or(-1) == 0);
}

}  // namespace
