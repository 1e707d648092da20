#pragma once
#include <span>

#include "common/chip_table_rows.hpp"

namespace capmap {

/// Rows whose identity, architecture and vendor fit, in file order; empty when the table does not know the CPU.
std::vector<const ChipTable::CpuRow*> rows_of(std::span<const ChipTable::CpuRow> rows, const CpuShape& cpu);

/// A word of the CPU's ISA that its row says it cannot have; absent when all is in order.
std::optional<std::string> contradiction(const std::vector<const ChipTable::CpuRow*>& rows, const CpuShape& cpu);

/// Nominal peaks of all packages together: cores x base MHz x operations a cycle, exact integers. Error: the reason why there is
/// none, a sentence for an operator.
Result<PeakMflops> rate_cpu(std::span<const ChipTable::CpuRow> rows, std::span<const ChipTable::SkuRow> skus, const CpuShape& cpu);

/// Peaks of one of the `device.count` devices. Error: the reason why there is none.
Result<PeakMflops> rate_device(std::span<const ChipTable::AcceleratorRow> rows, const AcceleratorShape& device);

}  // namespace capmap
