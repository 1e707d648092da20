// Servers that lie about what they are: which are caught, for what reason, and what totals are worth with and without them.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "controller/map/declared_sums.hpp"
#include "controller/map/rollup.hpp"
#include "tests/property/lying_fleet.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

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

constexpr std::array kDeclaredHere = {Declared::kNodes, Declared::kPackages, Declared::kCores, Declared::kAccelerators,
                                      Declared::kMemoryBytes};
constexpr auto kDeclaredFp32 = kFirstDeclaredPeak + static_cast<std::size_t>(Precision::kFp32);

/// What the operator of each site declares: the truth, which is what honest nodes say.
std::vector<Site> true_declarations(CapacityMap& honest, const Fleet& fleet) {
  std::vector<Site> sites(fleet.plan.sites.size());
  const auto view = honest.view(kStart, kStart);
  const auto figure = [](Site& site, std::size_t which) -> std::uint64_t& {
    auto& value = site.declared.figures[which];
    if (!value) value = 0;
    return *value;
  };
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    auto& site = sites[fleet.plan.site_of[i]];
    const auto row = *honest.node(numbered_id<NodeId>(i));
    const auto& hardware = *view->hardware[row.hardware];
    std::uint64_t cards = 0;
    for (std::size_t k = 0; k < hardware.accelerator_names.size(); ++k) {
      cards += hardware.shape.accelerators[k].count;
      site.declared.accelerators_by_model[hardware.accelerator_names[k]] += hardware.shape.accelerators[k].count;
    }
    constexpr auto kFp32 = static_cast<std::size_t>(Precision::kFp32);
    const std::array<std::uint64_t, kDeclaredHere.size()> adds = {1, *hardware.shape.cpu.packages, *hardware.shape.cpu.cores, cards,
                                                                  *hardware.shape.memory_bytes};
    for (std::size_t k = 0; k < adds.size(); ++k) figure(site, static_cast<std::size_t>(kDeclaredHere[k])) += adds[k];
    figure(site, kDeclaredFp32) += hardware.peak.cpu[kFp32].value_or(0) + hardware.peak.accelerators[kFp32].value_or(0);
  }
  for (std::uint32_t i = 0; i < sites.size(); ++i) {
    sites[i].id = numbered_id<SiteId>(i);
    sites[i].name = "site-" + std::to_string(i);
  }
  return sites;
}

/// Sites that have more of something than they declare.
std::set<std::uint32_t> sites_beyond(CapacityMap& map, const Fleet& fleet) {
  const auto view = map.view(kStart, kStart);
  const DeclaredSums sums(*view, {Dimension::kSite}, std::nullopt);
  std::set<std::uint32_t> found;
  for (std::uint32_t i = 0; i < fleet.plan.sites.size(); ++i) {
    const auto group = sums.of_group({"site-" + std::to_string(i)});
    bool beyond = std::ranges::any_of(group->figures, [](const DeclaredSum& sum) { return sum.sites_beyond > 0; });
    for (const auto& model : group->models) beyond = beyond || model.second.sites_beyond > 0;
    if (beyond) found.insert(i);
  }
  return found;
}

/// What is found and declared too.
Totals held_to_declared(CapacityMap& map) {
  const auto total = DeclaredSums(*map.view(kStart, kStart), {}, std::nullopt).total();
  const auto held = [&total](std::size_t figure) {
    return static_cast<double>(total->figures[figure].installed - total->figures[figure].beyond);
  };
  return {.fp32 = held(kDeclaredFp32),
          .memory = held(static_cast<std::size_t>(Declared::kMemoryBytes)),
          .storage = 0,
          .cards = held(static_cast<std::size_t>(Declared::kAccelerators)),
          .cores = held(static_cast<std::size_t>(Declared::kCores))};
}

/// What policy may leave out. A refused reading alone contradicts too, but is itself not taken, and the hardware stays.
bool hardware_contradicts(const NodeRow& row) {
  return std::ranges::any_of(row.findings, [](const Finding& one) { return one.contradicts && one.word != Doubt::kReading; });
}

struct Errors {
  Totals truth, counted, excluded, bound, held;
  void print(const char* what, double Totals::*figure) const {
    const auto error = [&](const Totals& totals) { return 100 * (totals.*figure / (truth.*figure) - 1); };
    std::printf("  %-8s %+9.1f %% %+9.2f %% %+9.2f %%", what, error(counted), error(excluded), error(bound));
    if (held.*figure != 0) std::printf(" %+9.2f %%", error(held));
    std::printf("\n");
  }
};

}  // namespace

TEST_CASE("liars: one server in ten lies in six ways: who is caught and why, no honest one is, and what policy makes of the totals") {
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
  // A card more in a slot, and another model with all that belongs to it, are plausible: what tells them is the operator's word on the
  // site.
  const auto sites = true_declarations(honest, fleet);
  auto bound = told_map(fleet, Believe::kExclude, true, &sites);
  std::array<std::uint32_t, kLies.size()> undeclared{};
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    const auto row = *bound.node(numbered_id<NodeId>(i));
    const bool has = std::ranges::any_of(row.findings, [](const Finding& one) { return one.word == Doubt::kUndeclaredCard; });
    undeclared[static_cast<std::size_t>(fleet.lie_of(i))] += has ? 1U : 0U;
  }
  for (const auto& site : sites) {
    counted.put_site(site);
    honest.put_site(site);
  }
  const auto beyond = sites_beyond(counted, fleet);
  std::array<std::array<std::uint32_t, 2>, kLies.size()> seen{};  // liars at sites that have too much, and liars
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    auto& [there, all] = seen[static_cast<std::size_t>(fleet.lie_of(i))];
    there += beyond.contains(fleet.plan.site_of[i]) ? 1U : 0U;
    ++all;
  }
  std::printf("what sites declare tells: %zu of %zu sites have more than that; of liars\n", beyond.size(), sites.size());
  for (std::size_t lie = 1; lie < kLies.size(); ++lie) {
    std::printf("  %-28s %6u of %u stand at such a site; %u have a card that it does not declare\n", kLies[lie], seen[lie][0], seen[lie][1],
                undeclared[lie]);
  }
  const Errors errors{.truth = totals_of(honest),
                      .counted = totals_of(counted),
                      .excluded = totals_of(excluded),
                      .bound = totals_of(bound),
                      .held = held_to_declared(counted)};
  std::printf(
      "error of the totals: counted, contradicted ones excluded, also those with cards that sites do not declare, held to what is "
      "declared\n");
  errors.print("FP32", &Totals::fp32);
  errors.print("memory", &Totals::memory);
  errors.print("storage", &Totals::storage);
  errors.print("cores", &Totals::cores);
  errors.print("cards", &Totals::cards);
  CHECK(sites_beyond(honest, fleet).empty());
  CHECK(undeclared[0] == 0);
  CHECK(seen[static_cast<std::size_t>(Lie::kCardMoreInAll)][0] == seen[static_cast<std::size_t>(Lie::kCardMoreInAll)][1]);
  for (const auto figure : {&Totals::fp32, &Totals::memory, &Totals::cores, &Totals::cards}) {
    CHECK(errors.held.*figure <= errors.truth.*figure);
    CHECK(errors.held.*figure >= 0.99 * errors.truth.*figure);
  }
  const auto &truth = errors.truth, &with = errors.counted, &without = errors.excluded;
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
