#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/chip_table.hpp"
#include "controller/map/verdict.hpp"

namespace capmap {

/// What hardware cannot be, held against the chip table and against what is built at all. Judged once a hardware row. Pure.
///
/// | reason             | limit                                                                                              |
/// |--------------------|----------------------------------------------------------------------------------------------------|
/// | cores_per_package  | the largest chip of the microarchitecture (kChips in physics.cpp), else 512; "64-Core" of its name; |
/// |                    | packages of different size (cores that packages do not divide) leave it unproven                    |
/// | memory_per_package | what that microarchitecture takes, persistent and CXL memory allowed for, else 16 TiB               |
/// | clock_range        | base clock 200 MHz to 6 GHz, highest clock up to 8 GHz and not below the base clock                 |
/// | processor_name     | "E5-2680 v4", "Gold 6248", "EPYC 7742": the generation of the name is that of the identity          |
/// | card_count         | SXM and OAM boards hold 8 (SXM4 16), APUs and superchips 8, Huawei's modules 16, slots 32            |
/// | card_memory        | 0.85 to 1.1 x what the sheet of its PCI id says; of none of the models that share the id            |
/// | card_name          | its driver calls it by the name of another model than its PCI id is of                              |
/// | disk_size          | NVMe 256 TB; SSD 128 TB and HDD 64 TB by a drive maker's model number, else 4 PB: arrays show as one |
/// | nic_speed          | 1.6 Tb/s a port                                                                                     |
///
/// Parts that the table does not list are findings too, and contradict nothing: unlisted_processor, unlisted_card. Without a chip table
/// (null fit) only what needs none is judged, and nothing is unlisted.
std::vector<Finding> physical_findings(const Shape& shape, const std::optional<std::string>& microarchitecture, const ChipFit* fit);

/// Watts that a server of these parts cannot pass on: 1,500 + 1,000 a package + 2,000 a card. Absent: packages are not known.
std::optional<std::uint32_t> most_watts(const Shape& shape);

}  // namespace capmap
