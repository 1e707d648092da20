#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/messages.hpp"

namespace capmap::fleet {

/// A server as it is sold, and what its vendors say of it: figures written down here by hand, so that what the fleet calls the truth
/// needs neither the chip table nor the map. 0 = no figure is published.
struct Machine {
  Shape shape;
  std::uint64_t cpu_fp64_mflops = 0, cpu_fp32_mflops = 0;                  ///< cores x base clock x operations a cycle
  std::uint64_t accelerator_fp32_mflops = 0, accelerator_fp16_mflops = 0;  ///< all cards together, dense
  [[nodiscard]] std::uint64_t fp32_mflops() const { return cpu_fp32_mflops + accelerator_fp32_mflops; }
};
[[nodiscard]] std::uint64_t disk_bytes(const Machine& machine, bool flash);

/// General servers of the last ten years without disks (a plan adds them), and servers with accelerators.
std::vector<Machine> general_machines();
std::vector<Machine> intelligent_machines();
struct DiskSet {
  std::vector<DiskShape> disks;
};
std::vector<DiskSet> disk_sets();
/// Hardware that no server has, and the words a controller must give as its reason.
struct FalseShape {
  Shape shape;
  const char* why;
};
std::vector<FalseShape> false_shapes();
/// Other memory and network of the same server: `number` goes round through all of them.
void vary(Shape& shape, std::size_t number);
inline constexpr std::size_t kVariants = 42;

struct PlannedSite {
  std::string name, region, compute_class;
};
/// Who stands where with what. [node] is ordered by site, then machine.
struct Plan {
  std::vector<PlannedSite> sites;
  std::vector<Machine> machines;  ///< [machine] each another hardware row
  std::vector<std::uint32_t> site_of, machine_of;
};

/// What a plan adds up to.
struct PlanTotals {
  unsigned __int128 fp32_mflops = 0, intelligent_fp32_mflops = 0, storage_bytes = 0, flash_bytes = 0;
  std::size_t machines_used = 0, cells = 0, divisions = 0;
};
PlanTotals totals_of(const Plan& plan);

/// The national fleet, scaled to so many nodes: the published figures of the end of 2024 (280 EFLOPS, of which 90 intelligent; 1580 EB, of
/// which 28% flash) all divided by one number. The ministry's text states no basis for FLOPS: this takes them as FP32, nominal.
/// Each node is chosen so that the running sums stay nearest to these shares, so they hold at any size.
Plan national_plan(std::uint32_t nodes, std::uint64_t seed);
/// `nodes` servers of a few machines on one site, and equal servers alone (machine 0 of it).
Plan small_plan(std::uint32_t nodes, std::uint64_t seed, bool equal);

inline constexpr double kPublishedEflops = 280, kPublishedIntelligentEflops = 90, kPublishedExabytes = 1'580, kPublishedFlashShare = 0.28;

}  // namespace capmap::fleet
