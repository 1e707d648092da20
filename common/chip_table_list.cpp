#include "common/chip_table_match.hpp"
#include "common/chip_table_rows.hpp"

namespace capmap {
namespace {

char letter(Confidence confidence) {
  switch (confidence) {
    case Confidence::kA: return 'A';
    case Confidence::kB: return 'B';
    case Confidence::kC: break;
  }
  return 'C';
}

const char* part_word(AcceleratorKind kind) {
  switch (kind) {
    case AcceleratorKind::kGpu: return "gpu";
    case AcceleratorKind::kNpu: return "npu";
    case AcceleratorKind::kFpga: return "fpga";
    case AcceleratorKind::kOther:
    case AcceleratorKind::kUnknown: break;
  }
  return "other";
}

ChipEntry entry_of(const ChipTable::CpuRow& row) {
  ChipEntry entry{.part = "cpu",
                  .vendor = row.vendor,
                  .name = row.microarchitecture,
                  .covers = row.products,
                  .memory_bytes = {},
                  .bandwidth_mbs = {},
                  .tdp_watts = {},
                  .confidence = letter(row.confidence),
                  .unsourced = {},
                  .unrated = row.unrated,
                  .notes = row.notes,
                  .source = row.source,
                  .own = row.own};
  if (row.confidence == Confidence::kC) return entry;
  for (std::size_t p = 0; p < kPrecisionCount; ++p) entry.rates[p] = row.rate[p];
  return entry;
}

ChipEntry entry_of(const ChipTable::AcceleratorRow& row) {
  return {.part = part_word(row.kind),
          .vendor = row.vendor,
          .name = row.name,
          .covers = row.ids_text,
          .rates = row.peaks,
          .memory_bytes = row.memory_bytes,
          .bandwidth_mbs = row.bandwidth_mbs,
          .tdp_watts = row.tdp_watts,
          .confidence = letter(row.confidence),
          .unsourced = row.unsourced,
          .unrated = {},
          .notes = row.notes,
          .source = row.source,
          .own = row.own};
}

}  // namespace

std::size_t ChipTable::entry_count() const {
  return cpus_.size() + accelerators_.size();
}

std::vector<ChipEntry> ChipTable::list() const {
  std::vector<ChipEntry> entries;
  entries.reserve(cpus_.size() + accelerators_.size());
  for (const auto& row : cpus_) entries.push_back(entry_of(row));
  for (const auto& row : accelerators_) entries.push_back(entry_of(row));
  return entries;
}

}  // namespace capmap
