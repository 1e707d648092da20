#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// What the kernel tells of a disk's condition without a privileged command. Of most disks that is little: absent is not "well".
struct DiskHealth {
  std::string state;                          ///< the driver's word: "live", "running", "offline", "dead"; empty = not told
  std::optional<std::uint32_t> wear_percent;  ///< share of the rated life that is used, as eMMC rounds it up to tens; 110 = beyond it
  std::string reserve;                        ///< spare blocks of eMMC: "normal", "warning", "urgent"; empty = not told
  bool operator==(const DiskHealth&) const = default;
};

/// A software RAID by Linux md; its disks are listed as disks, it adds no capacity.
struct Raid {
  std::string name, level;                       ///< "md0", "raid1"
  std::optional<std::uint32_t> disks, degraded;  ///< members it should have, and how many of these it lacks
  bool operator==(const Raid&) const = default;
};

/// Source: sys/block/NAME/device/{state,life_time,pre_eol_info}. JEDEC eMMC 5.1: life_time is two bytes, A and B, in steps of 10 %
///         from 0x01, 0x0b beyond; the worse counts; 0x00 is not defined. Thread: any. Cost: three small files.
DiskHealth read_disk_health(const HostRoot& root, const std::string& name);

/// [raid], by name. Source: sys/block/md*/md/{level,raid_disks,degraded}. Problems: counts that cannot be. Thread: any.
Probed<std::vector<Raid>> read_raids(const HostRoot& root);

/// eMMC's life_time, "0x01 0x02"; absent for what is none.
std::optional<std::uint32_t> parse_emmc_life(std::string_view text);

}  // namespace capmap
