// The national fleet over simulated days: servers join, leave, move, fall silent and come back, are drained, and lose cards, as many a day
// as is asked for; a map takes their messages by a clock of its own and history records it, into a controller's state folder. At some
// moments it writes what is true (see sum_truth.py): a controller on that folder must tell the same of them.
//   capmap_history_days STATE [--nodes N] [--days D] [--churn PERMILLE] [--step-s S] [--truths K FOLDER] [--catalog FOLDER] [--seed N]
//                       [--json FILE]
// FOLDER gets K folders of truth and `moments`, a line "folder time" each. Prints bytes a day, and what a look and a write cost.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "common/chip_table.hpp"
#include "common/clock.hpp"
#include "common/region_table.hpp"
#include "common/shape.hpp"
#include "common/time_text.hpp"
#include "controller/history/history.hpp"
#include "controller/map/capacity_map.hpp"
#include "tests/bench/bench_lines.hpp"
#include "tests/fleet/plan.hpp"
#include "tests/fleet/server.hpp"

using namespace capmap;
using namespace capmap::fleet;

namespace {

struct Options {
  std::string state, truths, catalog = "schemas/catalog", json;
  std::uint32_t nodes = 100'000, days = 30, churn_permille = 20, step_s = 600, truth_count = 0;
  std::uint64_t seed = 1;
};

template <class T>
T value_or_end(Result<T> result, const char* what) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "capmap_history_days: %s: %s\n", what, result.error().what.c_str());
  std::exit(1);
}

template <class Id>
Id numbered(std::uint64_t number, char family) {
  Dice dice(number * 31 + static_cast<std::uint64_t>(family));
  Id id;
  for (std::size_t i = 0; i < id.bytes.size(); i += 8) {
    const auto bits = dice();
    for (std::size_t k = 0; k < 8; ++k) id.bytes[i + k] = static_cast<std::uint8_t>(bits >> (8 * k));
  }
  return id;
}

constexpr std::uint64_t kBeatMs = 3 * 3'600'000;

enum class Life : std::uint8_t { kAbsent, kFresh, kLost };

/// The fleet and the map it reports to, under one clock.
class Country {
 public:
  Country(const Options& options, std::shared_ptr<const ChipTable> chips, std::shared_ptr<const RegionTable> regions)
      : plan_(national_plan(options.nodes + options.nodes / 5, options.seed)),
        dice_(options.seed),
        map_(MapOptions{.epoch = 1, .interval_ms = 3'000'000'000, .regions = std::move(regions)}, std::move(chips), kBoot) {
    for (std::size_t i = 0; i < plan_.sites.size(); ++i) {
      Site site;
      site.id = numbered<SiteId>(i, 's');
      site.name = plan_.sites[i].name;
      site.region = plan_.sites[i].region;
      site.compute_class = plan_.sites[i].compute_class;
      map_.put_site(site);
    }
    for (const auto& machine : plan_.machines) shapes_.push_back(pack_shape(machine.shape));
    const auto all = static_cast<std::uint32_t>(plan_.site_of.size());
    for (std::uint32_t i = 0; i < all; ++i)
      servers_.push_back({Server(plan_, i, options.seed), Life::kAbsent, ServiceState::kInService, 0, {}});
    for (std::uint32_t i = 0; i < all; ++i) {
      if (dice_() % all < options.nodes) join(i);
    }
  }

  /// Those that live say so: the map gives nodes no longer interval than 1.8 hours.
  void beat(std::uint64_t unix_ms) {
    unix_ms_ = unix_ms;
    for (std::uint32_t i = 0; i < servers_.size(); ++i) {
      if (servers_[i].life != Life::kFresh) continue;
      Heartbeat beat;
      beat.envelope = envelope(i);
      beat.shape_prefix = shape_prefix(shapes_[plan_.machine_of[i]].id);
      static_cast<void>(map_.apply(id(i), beat, now_ms_, unix_ms_));
    }
  }

  /// One thing happens to one server.
  void happen(std::uint64_t unix_ms) {
    unix_ms_ = unix_ms;
    const auto who = static_cast<std::uint32_t>(dice_() % servers_.size());
    auto& server = servers_[who];
    if (server.life == Life::kAbsent) return join(who);
    if (server.life == Life::kLost) return speak(who);
    switch (dice_() % 10) {
      case 0: return order(who, server.service == ServiceState::kInService ? ServiceState::kDraining : ServiceState::kInService);
      case 1: return move(who);
      case 2: return damage(who);
      case 3:
      case 4:
        server.life = Life::kLost;
        static_cast<void>(map_.apply(id(who), Bye{.envelope = envelope(who), .reason = {}}, now_ms_, unix_ms_));
        return;
      default:
        server.life = Life::kAbsent;
        server.service = ServiceState::kInService;
        map_.remove_node(id(who), now_ms_);
    }
  }

  void pass(std::uint64_t ms) {
    now_ms_ += ms;
    while (map_.advance(now_ms_)) {
    }
  }
  [[nodiscard]] std::shared_ptr<const MapView> view(std::uint64_t unix_ms) { return map_.view(now_ms_, unix_ms); }
  [[nodiscard]] const Plan& plan() const { return plan_; }

  void write_truth(const std::string& folder) const {
    std::filesystem::create_directories(folder);
    auto machines = value_or_end(TruthFile::create(folder, plan_, "none"), folder.c_str());
    static_cast<void>(machines.finish());
    std::ofstream nodes(folder + "/nodes.days.csv"), orders(folder + "/orders.csv");
    nodes << "node,site,region,compute_class,machine,liveness,verdict,doubt,memory_total_mib,pus_allowed,cpu_busy_millicores,"
             "memory_used_mib,storage_used_mb,storage_read_kbs,storage_write_kbs,network_receive_kbps,network_transmit_kbps,power_watts,"
             "accelerators_used,accelerators_free,accelerators_unhealthy\n";
    orders << "node,pool,service_state\n";
    for (std::uint32_t i = 0; i < servers_.size(); ++i) {
      const auto& server = servers_[i];
      if (server.life == Life::kAbsent) continue;
      const auto& site = plan_.sites[plan_.site_of[i]];
      nodes << i << ',' << site.name << ',' << site.region << ',' << site.compute_class << ',' << plan_.machine_of[i]
            << (server.life == Life::kFresh ? ",fresh" : ",lost") << ",consistent,,," << server.server.pus() << ",,,,,,,,,0,0,"
            << server.damaged.size() << '\n';
      if (server.service != ServiceState::kInService)
        orders << i << ",," << kServiceStateNames[static_cast<std::size_t>(server.service)] << '\n';
    }
  }

 private:
  static constexpr std::uint64_t kBoot = 1'000'000;
  struct One {
    Server server;
    Life life;
    ServiceState service;
    std::uint32_t runs;
    std::set<std::size_t> damaged;  ///< accelerators
  };

  [[nodiscard]] NodeId id(std::uint32_t who) const { return numbered<NodeId>(who, 'n'); }
  [[nodiscard]] Envelope envelope(std::uint32_t who) {
    return {.run_id = who * std::uint64_t{1'000} + servers_[who].runs + 1, .seq = ++seq_};
  }
  [[nodiscard]] KnownNode known(std::uint32_t who) const {
    KnownNode node;
    node.id = id(who);
    node.site = numbered<SiteId>(plan_.site_of[who], 's');
    node.hostname = "sim-" + std::to_string(who);
    return node;
  }

  void join(std::uint32_t who) {
    map_.add_node(known(who), false, now_ms_);
    speak(who);
  }
  /// A run begins: hello, its shape where the map does not know it, and what it uses.
  void speak(std::uint32_t who) {
    auto& server = servers_[who];
    server.life = Life::kFresh;
    ++server.runs;
    const auto& shape = shapes_[plan_.machine_of[who]];
    auto hello = server.server.hello(unix_ms_);
    hello.envelope = envelope(who);
    hello.shape_id = shape.id;
    const auto answer = map_.apply(id(who), hello, now_ms_, unix_ms_);
    if (answer.need_shape)
      static_cast<void>(map_.apply(id(who), ShapeMessage{.envelope = envelope(who), .shape = shape}, now_ms_, unix_ms_));
    tell_use(who);
  }
  void tell_use(std::uint32_t who) {
    const auto& server = servers_[who];
    auto usage = server.server.usage();
    for (std::size_t i = 0; i < usage.accelerators.size(); ++i) usage.accelerators[i].healthy = !server.damaged.contains(i);
    UsageMessage message{
        .envelope = envelope(who), .shape_prefix = shape_prefix(shapes_[plan_.machine_of[who]].id), .usage = std::move(usage)};
    const auto answer = map_.apply(id(who), message, now_ms_, unix_ms_);
    if (!answer.refused.empty()) std::fprintf(stderr, "capmap_history_days: usage of %u: %s\n", who, answer.refused.c_str());
  }
  void order(std::uint32_t who, ServiceState state) {
    servers_[who].service = state;
    map_.set_service(id(who), {.state = state}, unix_ms_);
  }
  void move(std::uint32_t who) {
    plan_.site_of[who] = static_cast<std::uint32_t>(dice_() % plan_.sites.size());
    map_.add_node(known(who), false, now_ms_);
  }
  /// A card of it breaks, or is mended.
  void damage(std::uint32_t who) {
    auto& server = servers_[who];
    const auto cards = server.server.usage().accelerators.size();
    if (cards == 0) return;
    const auto card = static_cast<std::size_t>(dice_() % cards);
    if (server.damaged.erase(card) == 0) server.damaged.insert(card);
    tell_use(who);
  }

  Plan plan_;
  Dice dice_;
  CapacityMap map_;
  std::vector<EncodedShape> shapes_;  ///< [machine]
  std::vector<One> servers_;
  std::uint64_t now_ms_ = kBoot, unix_ms_ = 0;
  std::uint32_t seq_ = 0;
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] { return static_cast<std::uint32_t>(std::strtoull(i + 1 < argc ? argv[++i] : "0", nullptr, 10)); };
    const auto text = [&] { return std::string(i + 1 < argc ? argv[++i] : ""); };
    if (word == "--nodes")
      options.nodes = number();
    else if (word == "--days")
      options.days = number();
    else if (word == "--churn")
      options.churn_permille = number();
    else if (word == "--step-s")
      options.step_s = std::max(1U, number());
    else if (word == "--truths")
      options.truth_count = number(), options.truths = text();
    else if (word == "--catalog")
      options.catalog = text();
    else if (word == "--seed")
      options.seed = number();
    else if (word == "--json")
      options.json = text();
    else
      options.state = word;
  }
  return options;
}

double file_mb(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<double>(status.st_size) / 1e6 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = read_options(argc, argv);
  if (options.state.empty() || options.nodes == 0 || options.days == 0) {
    std::fprintf(stderr, "capmap_history_days: a state folder, nodes and days are needed\n");
    return 2;
  }
  const auto chips = std::make_shared<const ChipTable>(value_or_end(ChipTable::load(options.catalog), "catalog"));
  const auto regions = std::make_shared<const RegionTable>(value_or_end(RegionTable::load(options.catalog), "regions"));
  Country country(options, chips, regions);
  auto history = value_or_end(
      History::open(
          {.state_folder = options.state, .write_every_ms = 60'000, .keep_days = 0, .catalog_folder = options.catalog, .chips = chips}),
      "history");
  const std::uint64_t step_ms = std::uint64_t{options.step_s} * 1'000, steps = std::uint64_t{options.days} * 86'400 / options.step_s;
  const auto begin_ms = SystemClock().unix_ms() / 1'000 * 1'000 - (steps + 1) * step_ms;
  Dice dice(options.seed + 77);
  std::set<std::uint64_t> truths;
  while (truths.size() < std::min<std::uint64_t>(options.truth_count, steps)) truths.insert(1 + dice() % steps);
  std::ofstream moments;
  if (!truths.empty()) {
    std::filesystem::create_directories(options.truths);
    moments.open(options.truths + "/moments");
  }
  using Clock = std::chrono::steady_clock;
  double look_ms = 0, longest_ms = 0, due = 0;
  std::size_t happened = 0;
  for (std::uint64_t step = 0; step <= steps; ++step) {
    const auto now_ms = begin_ms + step * step_ms;
    due += static_cast<double>(options.nodes) * options.churn_permille / 1'000 * options.step_s / 86'400;
    for (; step > 0 && due >= 1; due -= 1, ++happened) country.happen(now_ms);
    country.pass(step_ms);
    if (step % std::max<std::uint64_t>(1, kBeatMs / step_ms) == 0) country.beat(now_ms);
    const auto view = country.view(now_ms);
    const auto began = Clock::now();
    history->look(*view, now_ms);
    const auto took = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
    if (step > 0) look_ms += took;
    longest_ms = std::max(longest_ms, took);
    if (truths.contains(step)) {
      const auto folder = options.truths + "/" + std::to_string(step);
      country.write_truth(folder);
      moments << folder << ' ' << rfc3339_text(now_ms + dice() % step_ms) << '\n';  // until the next step nothing changes
    }
  }
  static_cast<void>(value_or_end(history->write(begin_ms + steps * step_ms), "history"));
  static_cast<void>(value_or_end(history->database().run("pragma wal_checkpoint(truncate)"), "history"));
  const auto& counters = history->counters();
  const auto mb = file_mb(options.state + "/history.db");
  std::printf(
      "%u nodes, %zu sites, %u days, %zu events: %.1f MB, %llu changed cells, %llu events kept, %llu writes; a look with its write %.2f "
      "ms, longest %.0f ms\n",
      options.nodes, country.plan().sites.size(), options.days, happened, mb, static_cast<unsigned long long>(counters.changed_cells),
      static_cast<unsigned long long>(counters.events), static_cast<unsigned long long>(counters.writes),
      look_ms / static_cast<double>(steps), longest_ms);
  test::report("history.mb_per_day", mb / options.days, "MB", 200);
  if (!options.json.empty()) test::write_json(options.json);
  return counters.write_failures == 0 ? 0 : 1;
}
