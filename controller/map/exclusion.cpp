// Nodes whose figures cannot be believed at all, and how long.
#include "controller/map/exclusion.hpp"

#include <algorithm>

#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000, kMsPerS = 1'000;
constexpr std::uint64_t kMostPus = 65'535, kMostMemoryBytes = 1ULL << 50U, kMostDiskBytes = 1'000'000'000'000'000'000;
constexpr std::uint64_t kMostPortMbps = 10'000'000, kMostMflops = 1'000'000'000'000;

constexpr std::uint8_t bit(Exclusion why) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(why));
}

std::string over(const char* what, std::uint64_t value, std::uint64_t most) {
  return std::string(what) + " is " + std::to_string(value) + ", over " + std::to_string(most);
}

/// Of all disks; the greatest number where the sum does not fit.
std::uint64_t disk_bytes(const Shape& shape) {
  std::uint64_t all = 0;
  for (const auto& disk : shape.disks) {
    std::uint64_t row = 0;
    if (__builtin_mul_overflow(disk.bytes.value_or(0), std::uint64_t{disk.count}, &row) || __builtin_add_overflow(all, row, &all)) {
      return UINT64_MAX;
    }
  }
  return all;
}

}  // namespace

std::optional<std::string> absurd_hardware(const Shape& shape, const PeakRating& peak) {
  const std::uint64_t pus = std::max({shape.cpu.pus.value_or(0), shape.cpu.cores.value_or(0), shape.cpu.packages.value_or(0)});
  if (pus > kMostPus) return over("cpu.pus", pus, kMostPus);
  if (shape.memory_bytes.value_or(0) > kMostMemoryBytes) return over("memory_bytes", *shape.memory_bytes, kMostMemoryBytes);
  std::uint64_t devices = 0;
  for (const auto& device : shape.accelerators) {
    devices += device.count;
    if (device.memory_bytes.value_or(0) > kMostMemoryBytes) return over("accelerator memory_bytes", *device.memory_bytes, kMostMemoryBytes);
  }
  if (devices > kMaxDevices) return over("accelerators", devices, kMaxDevices);
  if (const auto bytes = disk_bytes(shape); bytes > kMostDiskBytes) return over("disk bytes", bytes, kMostDiskBytes);
  for (const auto& nic : shape.nics) {
    if (nic.speed_mbps.value_or(0) > kMostPortMbps) return over("nic speed_mbps", *nic.speed_mbps, kMostPortMbps);
  }
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    const auto cpu = peak.cpu[i].value_or(0), accelerators = peak.accelerators[i].value_or(0);
    if (const auto most = std::max(cpu, accelerators); most > kMostMflops) {
      return over((std::string("peak ") + kPrecisionNames[i] + "_mflops").c_str(), most, kMostMflops);
    }
  }
  return std::nullopt;
}

void CapacityMap::State::exclude(RowIndex row, Exclusion why, bool on) {
  if (!on && !nodes.place(row).is(Place::kExcluded)) return;
  auto& excluded = nodes.cold(row).excluded;
  excluded = static_cast<std::uint8_t>(on ? excluded | bit(why) : excluded & ~bit(why));
  nodes.place(row).set(Place::kExcluded, excluded != 0);
  doubts.touch(row);
  if (excluded != 0) shared.leave(row);
}

void CapacityMap::State::note_name(RowIndex row, const Hello& hello, std::uint64_t now_unix_ms) {
  const bool renamed = nodes.talk(row).session != 0 && hello.shape_id != named_shape(row);
  if (renamed) nodes.cold(row).renamed_ms.push_back(now_ms);
  look_at_exclusions(row);
  const auto said_ms = hello.time_unix_ms.value_or(now_unix_ms);
  exclude(row, Exclusion::kFuture, said_ms > now_unix_ms + kMostAheadMs);
  const auto skew_ms = said_ms > now_unix_ms ? said_ms - now_unix_ms : now_unix_ms - said_ms;
  conduct.clock_wrong(row, skew_ms > kMostSkewMs, now_ms);
}

bool CapacityMap::State::look_at_conduct(RowIndex row) {
  const auto marks = conduct.marks(row, now_ms, limits(row).ttl_ms);
  if (!nodes.place(row).is(Place::kExcluded) && marks == ConductNotes::Marks{}) {
    if (!clones.empty() && !conduct.has(row)) clones.calm(row);
    return false;
  }
  const auto before = nodes.cold(row).excluded;
  if (marks.clone) clones.hold(row, nodes.id(row), unix_ms);
  if (!conduct.has(row)) clones.calm(row);
  exclude(row, Exclusion::kClone, clones.held(row));
  exclude(row, Exclusion::kReplay, marks.replay);
  return nodes.cold(row).excluded != before;
}

void CapacityMap::State::note_out_of_turn(RowIndex row, const Envelope& envelope, Standing stand) {
  if (clones.refused(row, envelope.run_id)) return;  // it goes on speaking, and nobody listens
  clones.heard(row, envelope.run_id, unix_ms);
  if (clones.held(row)) ++revision;  // who settles it looks at which of them still speaks
  if (stand == Standing::kOldSeq) conduct.old_seq(row, now_ms);
  if (stand == Standing::kOldRun) conduct.old_run(row, envelope.run_id, envelope.seq, now_ms, interval_ms(row));
  const auto before = numbers(row);
  if (look_at_conduct(row)) settle(row, before);
}

void CapacityMap::State::look_at_exclusions(RowIndex row) {
  auto& cold = nodes.cold(row);
  if (!cold.renamed_ms.empty()) {
    std::erase_if(cold.renamed_ms, [this](std::uint64_t at_ms) { return now_ms >= at_ms + kHourMs; });
    if (cold.renamed_ms.size() > kMostRenames + 1) cold.renamed_ms.erase(cold.renamed_ms.begin());  // more say no more
  }
  exclude(row, Exclusion::kFlips, cold.renamed_ms.size() > kMostRenames);
  if (now_ms >= cold.flood_until_ms) exclude(row, Exclusion::kFlood, false);
  if (!past.empty() && past.expire(row, now_ms)) judge(row);
}

void CapacityMap::State::note_flood(const NodeId& node) {
  const auto row = nodes.find(node);
  if (!row) return;
  const auto before = numbers(*row);
  nodes.cold(*row).flood_until_ms = now_ms + kFloodMarkMs;
  exclude(*row, Exclusion::kFlood, true);
  settle(*row, before);
}

void CapacityMap::State::add_exclusions(RowIndex row, std::vector<Finding>& found) const {
  if (!nodes.place(row).is(Place::kExcluded)) return;
  const auto cold = nodes.cold(row);
  const auto add = [&](Exclusion why, Doubt word, const std::string& text) {
    if ((cold.excluded & bit(why)) != 0) found.push_back({.word = word, .text = "not counted: " + text, .claimed = {}, .plausible = {}});
  };
  add(Exclusion::kAbsurdShape, Doubt::kAbsurdHardware, shapes.facts(nodes.place(row).shape).absurd.value_or(""));
  add(Exclusion::kFlips, Doubt::kHardwareFlips,
      "its hardware was another one more than " + std::to_string(kMostRenames) + " times within an hour");
  add(Exclusion::kFuture, Doubt::kClockAhead,
      "its clock was " + std::to_string(cold.clock_skew_ms.value_or(0) / static_cast<std::int64_t>(kMsPerS)) +
          " s ahead of ours when it said hello");
  add(Exclusion::kFlood, Doubt::kFlood,
      "it sent more messages than one each 100 ms within the last " + std::to_string(kFloodMarkMs / 60'000) + " min");
  add(Exclusion::kClone, Doubt::kClone,
      "its key speaks from two places: two runs of the agent take turns; capmapctl nodes clones settles it");
  add(Exclusion::kReplay, Doubt::kReplay,
      "old messages of it came again, more than " + std::to_string(ConductNotes::kMostRepeated) + " within a minute, within the last " +
          std::to_string(ConductNotes::kReplayMarkMs / ConductNotes::kMinuteMs) + " min");
}

}  // namespace capmap
