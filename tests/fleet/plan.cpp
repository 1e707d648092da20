#include "tests/fleet/plan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/shape.hpp"

namespace capmap::fleet {
namespace {

// The 34 divisions by the first two digits of GB/T 2260.
constexpr std::array kDivisions = {"11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42",
                                   "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82"};
constexpr std::uint32_t kMostSites = 20'400, kNodesASite = 48, kKindsASite = 8, kIntelligentOfSites = 50;
constexpr double kEflopsInMflops = 1e12, kBytesAnExabyte = 1e18;

std::string two_digits(std::size_t number) {
  return {static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
}

PlannedSite site(std::size_t number, bool intelligent) {
  const std::size_t round = number / kDivisions.size();
  const std::string division = kDivisions[number % kDivisions.size()];
  return {.name = std::string(intelligent ? "ai-" : "dc-") + division + "-" + std::to_string(round),
          .region = division + two_digits(1 + round % 15) + two_digits(1 + round / 15 % 40),
          .compute_class = intelligent ? "intelligent" : "general"};
}

/// Interns machines by (which, variant, disks), so that equal ones are one hardware row.
class Maker {
 public:
  explicit Maker(Plan& plan) : plan_(plan) {}

  std::uint32_t machine(bool intelligent, std::size_t which, std::size_t variant, std::size_t disks) {
    const auto key = ((disks * kVariants + variant) * 64 + which) * 2 + (intelligent ? 1 : 0);
    const auto [at, made] = made_.try_emplace(key, static_cast<std::uint32_t>(plan_.machines.size()));
    if (made) {
      Machine machine = base(intelligent)[which];
      vary(machine.shape, variant);
      machine.shape.disks = sets_[disks].disks;
      canonicalize(machine.shape);
      plan_.machines.push_back(std::move(machine));
    }
    return at->second;
  }
  [[nodiscard]] const std::vector<Machine>& base(bool intelligent) const { return intelligent ? cards_ : general_; }
  [[nodiscard]] const std::vector<DiskSet>& sets() const { return sets_; }

 private:
  Plan& plan_;
  std::vector<Machine> general_ = general_machines(), cards_ = intelligent_machines();
  std::vector<DiskSet> sets_ = disk_sets();
  std::unordered_map<std::size_t, std::uint32_t> made_;
};

struct Running {
  double mflops = 0, intelligent = 0, flash = 0, disk = 0;
};

/// The set after which flash and disk are nearest to what so many FLOPS ask for.
std::size_t nearest_disks(const std::vector<std::pair<double, double>>& sets, const Running& sums) {
  const double bytes = sums.mflops / (kPublishedEflops * kEflopsInMflops) * kPublishedExabytes * kBytesAnExabyte;
  std::size_t best = 0;
  double least = HUGE_VAL;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const double flash = sums.flash + sets[i].first - bytes * kPublishedFlashShare;
    const double disk = sums.disk + sets[i].second - bytes * (1 - kPublishedFlashShare);
    if (const double off = flash * flash * 6 + disk * disk; off < least) std::tie(least, best) = std::pair(off, i);
  }
  return best;
}

void sort_by_site(Plan& plan) {
  std::vector<std::uint32_t> order(plan.site_of.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, {}, [&plan](std::uint32_t i) { return std::pair(plan.site_of[i], plan.machine_of[i]); });
  Plan sorted;
  for (const auto i : order) {
    sorted.site_of.push_back(plan.site_of[i]);
    sorted.machine_of.push_back(plan.machine_of[i]);
  }
  plan.site_of = std::move(sorted.site_of);
  plan.machine_of = std::move(sorted.machine_of);
}

}  // namespace

Plan national_plan(std::uint32_t nodes, std::uint64_t seed) {
  Plan plan;
  Maker maker(plan);
  const auto general_sites = std::clamp<std::uint32_t>(nodes / kNodesASite, kDivisions.size(), kMostSites);
  const auto intelligent_sites = std::max<std::uint32_t>(1, general_sites / kIntelligentOfSites);
  for (std::uint32_t i = 0; i < general_sites; ++i) plan.sites.push_back(site(i, false));
  for (std::uint32_t i = 0; i < intelligent_sites; ++i) plan.sites.push_back(site(i, true));
  std::vector<std::pair<double, double>> sets;
  for (const auto& set : maker.sets()) {
    Machine only_disks;
    only_disks.shape.disks = set.disks;
    sets.emplace_back(static_cast<double>(disk_bytes(only_disks, true)), static_cast<double>(disk_bytes(only_disks, false)));
  }
  std::mt19937_64 random(seed);
  const std::uint64_t shift = random();
  Running sums;
  std::array<std::uint32_t, 2> placed{};
  for (std::uint32_t node = 0; node < nodes; ++node) {
    const bool intelligent = sums.intelligent * kPublishedEflops < sums.mflops * kPublishedIntelligentEflops;
    const auto number = placed[intelligent ? 1 : 0]++;
    const auto count = intelligent ? intelligent_sites : general_sites;
    const auto where = number % count;
    // A site buys a few kinds of server, each again and again.
    const std::uint64_t kind = (where + shift) * kKindsASite + number / count % kKindsASite;
    const auto& base = maker.base(intelligent);
    const auto which = static_cast<std::size_t>(kind % base.size()), variant = static_cast<std::size_t>(kind / base.size() % kVariants);
    const auto mflops = static_cast<double>(base[which].fp32_mflops());
    sums.mflops += mflops;
    if (intelligent) sums.intelligent += mflops;
    const auto disks = nearest_disks(sets, sums);
    sums.flash += sets[disks].first;
    sums.disk += sets[disks].second;
    plan.site_of.push_back(intelligent ? general_sites + where : where);
    plan.machine_of.push_back(maker.machine(intelligent, which, variant, disks));
  }
  sort_by_site(plan);
  return plan;
}

Plan small_plan(std::uint32_t nodes, std::uint64_t seed, bool equal) {
  Plan plan;
  Maker maker(plan);
  plan.sites.push_back({.name = "lab", .region = "110108", .compute_class = "general"});
  for (std::uint32_t node = 0; node < nodes; ++node) {
    const std::size_t kind = equal ? 0 : (node + seed) % 3;
    plan.site_of.push_back(0);
    constexpr std::array<std::size_t, 3> kGeneral = {11, 0, 13};  // EPYC 7763, then a server with cards, Kunpeng 920
    plan.machine_of.push_back(maker.machine(kind == 1, kGeneral[kind], 4, kind == 1 ? 1 : 0));
  }
  return plan;
}

PlanTotals totals_of(const Plan& plan) {
  PlanTotals totals;
  std::unordered_set<std::uint32_t> machines;
  std::unordered_set<std::uint64_t> cells;
  std::unordered_set<std::string> divisions;
  for (std::size_t i = 0; i < plan.site_of.size(); ++i) {
    const auto& machine = plan.machines[plan.machine_of[i]];
    const auto& where = plan.sites[plan.site_of[i]];
    totals.fp32_mflops += machine.fp32_mflops();
    if (where.compute_class == "intelligent") totals.intelligent_fp32_mflops += machine.fp32_mflops();
    totals.flash_bytes += disk_bytes(machine, true);
    totals.storage_bytes += disk_bytes(machine, true) + disk_bytes(machine, false);
    machines.insert(plan.machine_of[i]);
    cells.insert(std::uint64_t{plan.site_of[i]} << 32U | plan.machine_of[i]);
    divisions.insert(where.region.substr(0, 2));
  }
  totals.machines_used = machines.size();
  totals.cells = cells.size();
  totals.divisions = divisions.size();
  return totals;
}

}  // namespace capmap::fleet
