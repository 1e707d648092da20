// Servers that lie about what they are: which are caught, for what reason, and what totals are worth with and without them.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "common/chip_table.hpp"
#include "common/shape.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/map/declared_sums.hpp"
#include "controller/map/rollup.hpp"
#include "tests/fleet/plan.hpp"
#include "tests/fleet/server.hpp"
#include "tests/support/map_agent.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kStart = 1'000'000;
constexpr std::uint32_t kNodes = 3'000;

enum class Lie : std::uint8_t { kNone, kTimes100, kTimes2, kOneCardMore, kBetterByName, kBetterInAll };
constexpr std::array kLies = {"honest",        "all figures x100",           "all figures x2",
                              "one card more", "next better model, in name", "next better model, in all"};

std::shared_ptr<const ChipTable> catalog_chips() {
  static const auto chips = [] {
    auto loaded = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
    REQUIRE(loaded);
    return std::make_shared<const ChipTable>(std::move(*loaded));
  }();
  return chips;
}

void multiply(Shape& shape, std::uint32_t by) {
  auto& cpu = shape.cpu;
  cpu.cores = *cpu.cores * by;
  cpu.pus = *cpu.pus * by;
  for (auto& kind : cpu.core_kinds) {
    kind.cores *= by;
    kind.pus *= by;
  }
  shape.memory_bytes = *shape.memory_bytes * by;
  for (auto& disk : shape.disks) disk.bytes = *disk.bytes * by;
  for (auto& device : shape.accelerators) device.memory_bytes = *device.memory_bytes * by;
}

/// Where a server has none, it says that it has an L40.
void add_card(Shape& shape) {
  if (!shape.accelerators.empty()) {
    ++shape.accelerators[0].count;
    return;
  }
  shape.accelerators = {{.kind = AcceleratorKind::kGpu, .vendor_id = 0x10de, .device_id = 0x26b5, .memory_bytes = 48 * kGib, .count = 1}};
}

/// The processor, or the card, that its vendor sells above this one. In name: what tells it is left as it is.
void better(Shape& shape, bool in_all) {
  static const auto servers = fleet::general_machines();
  constexpr std::array kCards = {0x20b2, 0x20f3, 0x2329, 0x2324, 0x2330};  // A100, A800, H20, H800, H100
  if (!shape.accelerators.empty()) {
    auto& card = shape.accelerators[0];
    const auto at = std::ranges::find(kCards, int{card.device_id});
    if (card.vendor_id != 0x10de || at == kCards.end()) {
      card.memory_bytes = *card.memory_bytes * 4 / 3;  // what the next one of its line has
      return;
    }
    if (!in_all) card.name = *at == 0x2329 ? "NVIDIA H20" : *at < 0x2200 ? "NVIDIA A100-SXM4-80GB" : "NVIDIA H800";
    card.device_id = static_cast<std::uint16_t>(at + 1 == kCards.end() ? 0x2335 : at[1]);  // an H100 says it is an H200
    return;
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto& cpu = servers[i].shape.cpu;
    if (cpu.model != shape.cpu.model) continue;
    for (std::size_t k = i + 1; k < servers.size(); ++k) {
      const auto& next = servers[k].shape.cpu;
      if (next.vendor != cpu.vendor || (!in_all && next.identity == cpu.identity)) continue;
      if (in_all) shape.cpu = next;
      shape.cpu.model = next.model;
      return;
    }
    shape.cpu.core_kinds[0].base_mhz = *shape.cpu.core_kinds[0].base_mhz * 5 / 4;  // there is none above: a faster one of its kind
  }
}

Shape told(const Shape& truth, Lie lie) {
  Shape shape = truth;
  if (lie == Lie::kTimes100) multiply(shape, 100);
  if (lie == Lie::kTimes2) multiply(shape, 2);
  if (lie == Lie::kOneCardMore) add_card(shape);
  if (lie == Lie::kBetterByName) better(shape, false);
  if (lie == Lie::kBetterInAll) better(shape, true);
  canonicalize(shape);
  return shape;
}

struct Fleet {
  fleet::Plan plan;
  std::uint64_t seed;
  [[nodiscard]] Lie lie_of(std::uint32_t node) const {
    if (node % 10 != 3) return Lie::kNone;
    constexpr std::array kKinds = {Lie::kTimes100, Lie::kTimes2, Lie::kOneCardMore, Lie::kBetterByName,
                                   Lie::kTimes100, Lie::kTimes2, Lie::kOneCardMore, Lie::kBetterInAll};
    return kKinds[node / 10 % kKinds.size()];
  }
  [[nodiscard]] const Shape& truth(std::uint32_t node) const { return plan.machines[plan.machine_of[node]].shape; }
};

/// A map that all of them have spoken to.
CapacityMap told_map(const Fleet& fleet, Believe policy, bool lies) {
  CapacityMap map(MapOptions{.epoch = 7, .contradicted = policy}, catalog_chips(), kStart);
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    KnownNode node;
    node.id = numbered_id<NodeId>(i);
    node.site = numbered_id<SiteId>(fleet.plan.site_of[i]);
    map.add_node(node, false, kStart);
    MapAgent agent{.node = node.id, .run_id = 1'000 + i, .shape = told(fleet.truth(i), lies ? fleet.lie_of(i) : Lie::kNone)};
    const fleet::Server server(fleet.plan, i, fleet.seed);
    Hello hello = server.hello(kStart);
    hello.envelope = agent.envelope();
    hello.shape_id = agent.encoded().id;
    hello.memory_total_bytes = *agent.shape.memory_bytes / 100 * 99;
    hello.pus_allowed = agent.shape.cpu.pus;
    map.apply(agent.node, hello, kStart, kStart);
    map.apply(agent.node, agent.shape_message(), kStart, kStart);
    map.apply(agent.node, agent.usage(server.usage()), kStart, kStart);
  }
  return map;
}

struct Totals {
  double fp32 = 0, memory = 0, storage = 0, cards = 0, cores = 0;
};
Totals totals_of(CapacityMap& map) {
  const auto total = roll_up(*map.view(kStart, kStart), {}, kStart).total;
  constexpr auto kFp32 = static_cast<std::size_t>(Precision::kFp32);
  return {.fp32 = static_cast<double>(total.cpu_peak.mflops[kFp32]) + static_cast<double>(total.accelerator_peak.mflops[kFp32]),
          .memory = static_cast<double>(total.memory_bytes.value),
          .storage = static_cast<double>(total.storage_bytes.value),
          .cards = static_cast<double>(total.accelerators),
          .cores = static_cast<double>(total.cores)};
}

/// What the operator of each site declares: the truth.
void declare_sites(CapacityMap& map, const Fleet& fleet) {
  std::vector<std::uint64_t> cards(fleet.plan.sites.size());
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    for (const auto& device : fleet.truth(i).accelerators) cards[fleet.plan.site_of[i]] += device.count;
  }
  for (std::uint32_t site = 0; site < cards.size(); ++site) {
    Site declared;
    declared.id = numbered_id<SiteId>(site);
    declared.name = "site-" + std::to_string(site);
    declared.declared.figures[static_cast<std::size_t>(Declared::kAccelerators)] = cards[site];
    map.put_site(declared);
  }
}

/// Sites where more cards are found than declared.
std::size_t sites_with_too_many_cards(CapacityMap& map) {
  const auto view = map.view(kStart, kStart);
  const DeclaredSums sums(*view, {Dimension::kSite}, std::nullopt);
  std::size_t count = 0;
  for (const auto& key : sums.keys()) {
    const auto group = sums.of_group(key);
    const auto& cards = group->figures[static_cast<std::size_t>(Declared::kAccelerators)];
    count += cards.installed > cards.declared ? 1U : 0U;
  }
  return count;
}

/// What policy may leave out. A refused reading alone contradicts too, but is itself not taken, and the hardware stays.
bool hardware_contradicts(const NodeRow& row) {
  return std::ranges::any_of(row.findings, [](const Finding& one) { return one.contradicts && one.word != Doubt::kReading; });
}

void print_error(const char* what, double truth, double counted, double excluded) {
  std::printf("  %-10s %+9.1f %% counted  %+6.1f %% excluded\n", what, 100 * (counted / truth - 1), 100 * (excluded / truth - 1));
}

}  // namespace

TEST_CASE("liars: one server in ten lies in four ways: who is caught and why, no honest one is, and what policy makes of the totals") {
  const auto seed = run_seed();
  const Fleet fleet{.plan = fleet::national_plan(kNodes, seed), .seed = seed};
  auto counted = told_map(fleet, Believe::kCount, true), excluded = told_map(fleet, Believe::kExclude, true),
       honest = told_map(fleet, Believe::kCount, false);
  std::array<std::array<std::uint32_t, 3>, kLies.size()> verdicts{};
  std::array<std::map<std::string, std::uint32_t>, kLies.size()> reasons;
  std::uint64_t left_out_nodes = 0, left_out_cores = 0;
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    const auto row = *counted.node(numbered_id<NodeId>(i));
    const auto lie = static_cast<std::size_t>(fleet.lie_of(i));
    ++verdicts[lie][static_cast<std::size_t>(row.verdict)];
    for (const auto& finding : row.findings) {
      INFO(finding.text);
      CHECK(lie != 0);
      ++reasons[lie][kDoubtWords[static_cast<std::size_t>(finding.word)]];
    }
    const auto out = excluded.node(row.id)->counted_service == ServiceState::kQuarantined;
    CHECK(out == hardware_contradicts(row));
    left_out_nodes += out ? 1U : 0U;
    if (out) left_out_cores += *told(fleet.truth(i), fleet.lie_of(i)).cpu.cores;
  }
  std::printf("%u servers, one in ten lies:\n  %-28s %6s %12s %9s %6s  reasons\n", kNodes, "", "liars", "contradicted", "unproven",
              "missed");
  for (std::size_t lie = 0; lie < kLies.size(); ++lie) {
    const auto& [missed, unproven, caught] = verdicts[lie];
    std::printf("  %-28s %6u %12u %9u %6u ", kLies[lie], missed + unproven + caught, caught, unproven, missed);
    for (const auto& [word, count] : reasons[lie]) std::printf(" %s %u", word.c_str(), count);
    std::printf("\n");
  }
  const auto truth = totals_of(honest), with = totals_of(counted), without = totals_of(excluded);
  std::printf("error of the totals:\n");
  print_error("FP32", truth.fp32, with.fp32, without.fp32);
  print_error("memory", truth.memory, with.memory, without.memory);
  print_error("storage", truth.storage, with.storage, without.storage);
  print_error("cores", truth.cores, with.cores, without.cores);
  print_error("cards", truth.cards, with.cards, without.cards);
  // A card more in a slot is plausible: what tells it is the operator's own word on the site.
  declare_sites(counted, fleet);
  std::set<std::uint32_t> sites_of_liars;
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    if (fleet.lie_of(i) == Lie::kOneCardMore) sites_of_liars.insert(fleet.plan.site_of[i]);
  }
  std::printf("sites with more cards than they declare: %zu, with a liar of one card more: %zu\n", sites_with_too_many_cards(counted),
              sites_of_liars.size());
  CHECK(sites_with_too_many_cards(counted) == sites_of_liars.size());
  declare_sites(honest, fleet);
  CHECK(sites_with_too_many_cards(honest) == 0);
  // Nobody honest is doubted; what is far off is always seen; what policy leaves of the totals is within what a tenth of all nodes is.
  CHECK(verdicts[0][1] + verdicts[0][2] == 0);
  const auto of = [&verdicts](Lie lie, Verdict verdict) {
    return verdicts[static_cast<std::size_t>(lie)][static_cast<std::size_t>(verdict)];
  };
  CHECK(of(Lie::kTimes100, Verdict::kConsistent) + of(Lie::kTimes100, Verdict::kUnproven) == 0);
  CHECK(of(Lie::kTimes2, Verdict::kContradicted) >= 9 * of(Lie::kTimes2, Verdict::kConsistent));
  CHECK(of(Lie::kBetterByName, Verdict::kContradicted) > of(Lie::kBetterByName, Verdict::kConsistent));
  CHECK(with.cores > 3 * truth.cores);
  CHECK(std::abs(without.cores / truth.cores - 1) < 0.1);
  CHECK(std::abs(without.memory / truth.memory - 1) < 0.1);
  const auto view = excluded.view(kStart, kStart);
  const auto claims = counted.view(kStart, kStart)->contradicted->counted;
  CHECK(view->contradicted->left_out.nodes == left_out_nodes);
  CHECK(view->contradicted->left_out.cores == left_out_cores);
  CHECK(view->contradicted->counted.nodes == claims.nodes - left_out_nodes);
  CHECK(view->contradicted->counted.cores == claims.cores - left_out_cores);
}

TEST_CASE("liars: a thousand servers with a chip that nobody has listed are unproven, and none of them is left out") {
  CapacityMap map(MapOptions{.epoch = 7, .contradicted = Believe::kExclude}, catalog_chips(), kStart);
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    KnownNode node;
    node.id = numbered_id<NodeId>(i);
    node.site = numbered_id<SiteId>(1);
    map.add_node(node, false, kStart);
    MapAgent agent{.node = node.id, .run_id = 1'000 + i, .shape = server_shape(64 + i % 7 * 32, 512, i % 3)};
    agent.shape.cpu.identity = "6-254-1";
    if (!agent.shape.accelerators.empty()) {
      agent.shape.accelerators[0].vendor_id = 0x1fff;
      agent.shape.accelerators[0].name = "Future Accelerator 9000";
    }
    auto hello = agent.hello();
    hello.virtualization = "none";
    map.apply(agent.node, hello, kStart, kStart);
    map.apply(agent.node, agent.shape_message(), kStart, kStart);
    map.apply(agent.node, agent.usage(usage_of(busy(100, 100))), kStart, kStart);
    const auto row = *map.node(agent.node);
    CHECK(row.verdict == Verdict::kUnproven);
    CHECK(row.counted_service == ServiceState::kInService);
    CHECK(row.findings[0].word == Doubt::kUnlistedProcessor);
    if (i % 3 != 0) CHECK(row.findings.at(1).word == Doubt::kUnlistedCard);
  }
  CHECK(map.view(kStart, kStart)->contradicted->left_out == ClaimedSums{});
}
