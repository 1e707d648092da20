#pragma once
#include <span>
#include <string_view>

#include "common/chip_table_rows.hpp"

namespace capmap {

/// Rows whose identity, architecture and vendor fit, in file order; empty when the table does not know the CPU.
std::vector<const ChipTable::CpuRow*> rows_of(std::span<const ChipTable::CpuRow> rows, const CpuShape& cpu);

/// A word of the CPU's ISA that its row says it cannot have; absent when all is in order.
std::optional<std::string> contradiction(const std::vector<const ChipTable::CpuRow*>& rows, const CpuShape& cpu);

/// Nominal peaks of all packages together: cores x base MHz x operations a cycle, exact integers. Error: the reason why there is
/// none, a sentence for an operator.
Result<PeakMflops> rate_cpu(std::span<const ChipTable::CpuRow> rows, std::span<const ChipTable::SkuRow> skus, const CpuShape& cpu);

/// Whether a PCI device of so much memory may be this model: a sheet's "80 GB" is 80 x 10^9 or 80 x 2^30 bytes, less what firmware and
/// ECC keep.
bool memory_fits(const ChipTable::AcceleratorRow& row, std::uint64_t bytes);

/// The one row that fits a device: by PCI id; where several share the id, by the size of its memory; and by `name`, what the vendor's
/// library calls it, where that is known. Error: the reason why it is none or not one, and what would tell.
Result<const ChipTable::AcceleratorRow*> find_device(std::span<const ChipTable::AcceleratorRow> rows, const AcceleratorShape& device,
                                                     std::string_view name);

/// The row whose peaks each of the `device.count` devices has. Error: the reason why there are none.
Result<const ChipTable::AcceleratorRow*> rate_device(std::span<const ChipTable::AcceleratorRow> rows, const AcceleratorShape& device,
                                                     std::string_view name);

}  // namespace capmap
