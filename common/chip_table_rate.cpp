#include "common/chip_table_rate.hpp"

#include <algorithm>

namespace capmap {
namespace {

using CpuRow = ChipTable::CpuRow;
using CpuRows = std::vector<const CpuRow*>;

// What one server can credibly have; more is a broken report, and keeps every product within 64 bits.
constexpr std::uint32_t kMaxCores = 1 << 20;
constexpr std::uint32_t kMaxMhz = 20'000;
constexpr std::size_t kMaxCoreKinds = 16;

Error unrated(std::string why) {
  return {ErrorCode::kAbsent, std::move(why)};
}

/// "CPUID model 6-167", "MIDR 0x48-0xd01", "CPU 0x14c0": stepping and variant left out, they are in nobody's manual.
std::string spoken_identity(const CpuShape& cpu) {
  const auto second = cpu.identity.find('-', cpu.identity.find('-') + 1);
  const auto text = cpu.identity.substr(0, second);
  if (cpu.architecture == Architecture::kX86_64) return "CPUID model " + text;
  return (cpu.architecture == Architecture::kAarch64 ? "MIDR " : "CPU ") + text;
}

bool has_all(const std::vector<std::string>& isa, const std::vector<std::string>& words) {
  const auto has = [&](const std::string& word) { return std::find(isa.begin(), isa.end(), word) != isa.end(); };
  return std::all_of(words.begin(), words.end(), has);
}

/// Of a hybrid CPU's two kinds the one with two threads a core is the performance kind; else the one with the higher clock.
std::optional<std::size_t> performance_kind(const std::vector<CoreKind>& kinds) {
  if (kinds.size() != 2) return std::nullopt;
  const bool threads0 = kinds[0].pus > kinds[0].cores, threads1 = kinds[1].pus > kinds[1].cores;
  if (threads0 != threads1) return threads0 ? 0 : 1;
  if (!kinds[0].max_mhz || !kinds[1].max_mhz || *kinds[0].max_mhz == *kinds[1].max_mhz) return std::nullopt;
  return *kinds[0].max_mhz > *kinds[1].max_mhz ? 0 : 1;
}

CoreRole role_of(const CoreKind& kind) {
  switch (kind.type) {
    case CoreType::kPerformance: return CoreRole::kPerformance;
    case CoreType::kEfficiency: return CoreRole::kEfficiency;
    case CoreType::kLowPower: return CoreRole::kLowPower;
    case CoreType::kUnknown: break;
  }
  return CoreRole::kAny;
}

/// What each kind says of itself; where one says nothing, two kinds are told apart by their threads and clocks.
Result<std::vector<CoreRole>> roles_of(const CpuRows& rows, const std::vector<CoreKind>& kinds) {
  if (rows.front()->role == CoreRole::kAny) return std::vector<CoreRole>(kinds.size(), CoreRole::kAny);
  std::vector<CoreRole> told;
  for (const auto& kind : kinds) told.push_back(role_of(kind));
  if (std::find(told.begin(), told.end(), CoreRole::kAny) == told.end()) return told;
  // Sold, or set up, without efficiency cores: no core of that kind has two threads.
  if (kinds.size() == 1 && kinds[0].pus == 2 * std::uint64_t{kinds[0].cores}) return std::vector<CoreRole>{CoreRole::kPerformance};
  const auto performance = performance_kind(kinds);
  if (!performance) return unrated("its performance and efficiency cores cannot be told apart here");
  std::vector<CoreRole> roles(kinds.size(), CoreRole::kEfficiency);
  roles[*performance] = CoreRole::kPerformance;
  return roles;
}

Result<std::vector<CoreKind>> kinds_of(const CpuShape& cpu) {
  auto kinds = cpu.core_kinds;
  if (kinds.empty()) kinds.push_back({.cores = cpu.cores.value_or(0), .pus = cpu.pus.value_or(0), .base_mhz = {}, .max_mhz = {}});
  const auto credible = [](const CoreKind& kind) { return kind.cores > 0 && kind.cores <= kMaxCores; };
  if (kinds.size() > kMaxCoreKinds || !std::all_of(kinds.begin(), kinds.end(), credible))
    return unrated("its number of cores is not known");
  return kinds;
}

Result<const CpuRow*> variant_of(const CpuRows& rows, const CpuShape& cpu, const std::vector<std::string>& words, CoreRole role) {
  for (const auto* row : rows) {
    if (row->role != role || !name_matches(row->name, words) || !has_all(cpu.isa, row->isa_required)) continue;
    if (!row->unrated.empty()) return unrated(row->unrated);
    if (row->confidence == Confidence::kC) return unrated("no good source was found for the rate of " + row->microarchitecture);
    return row;
  }
  const auto same = [&](const CpuRow* row) { return row->role == role; };
  if (std::none_of(rows.begin(), rows.end(), same)) {
    return unrated("the chip table has no rate for the low-power cores of " + rows.front()->microarchitecture);
  }
  return unrated("the chip table has no rate for " + rows.front()->microarchitecture + " with the instructions this server shows");
}

Result<std::uint32_t> sku_clock(std::span<const ChipTable::SkuRow> skus, const CpuShape& cpu, const std::vector<std::string>& words) {
  const auto fits = [&](const ChipTable::SkuRow& sku) { return name_matches(sku.pattern, words); };
  const auto sku = std::find_if(skus.begin(), skus.end(), fits);
  if (sku == skus.end()) {
    const auto name = cpu.model.empty() ? std::string("no name") : "its name (" + cpu.model + ")";
    return unrated("its base clock is not known: sysfs and CPUID do not tell it, and neither does " + name + " or the chip table");
  }
  if (!sku->base_mhz) return unrated(sku->notes);
  if (sku->confidence == Confidence::kC) return unrated("no good source was found for the base clock of " + sku->name);
  return *sku->base_mhz;
}

Result<std::uint32_t> base_clock(std::span<const ChipTable::SkuRow> skus, const CpuShape& cpu, const std::vector<std::string>& words,
                                 const CoreKind& kind, CoreRole role) {
  if (kind.base_mhz && kind.base_source != ClockSource::kUnknown && *kind.base_mhz > 0 && *kind.base_mhz <= kMaxMhz) return *kind.base_mhz;
  if (role == CoreRole::kEfficiency || role == CoreRole::kLowPower) return unrated("the base clock of its efficiency cores is not known");
  return sku_clock(skus, cpu, words);
}

/// Adds one kind's rates; a precision that one of the kinds lacks stays absent.
void add_kind(PeakMflops& sum, const CpuRow& row, std::uint64_t core_mhz, bool first) {
  for (std::size_t p = 0; p < kPrecisionCount; ++p) {
    if (!row.rate[p] || (!first && !sum[p])) {
      sum[p] = std::nullopt;
    } else {
      sum[p] = sum[p].value_or(0) + core_mhz * *row.rate[p];
    }
  }
}

}  // namespace

std::vector<const CpuRow*> rows_of(std::span<const CpuRow> rows, const CpuShape& cpu) {
  CpuRows fitting;
  for (const auto& row : rows) {
    // A CPU that names no vendor is the first that fits: vendors share family numbers.
    const auto& wanted = cpu.vendor.empty() && !fitting.empty() ? fitting.front()->vendor_id : cpu.vendor;
    const bool vendor = row.vendor_id.empty() || wanted.empty() || row.vendor_id == wanted;
    if (vendor && row.architecture == cpu.architecture && identity_matches(row.identity, cpu.identity)) fitting.push_back(&row);
  }
  return fitting;
}

std::optional<std::string> contradiction(const CpuRows& rows, const CpuShape& cpu) {
  for (const auto* row : rows) {
    for (const auto& word : row->isa_contradicts) {
      if (has_all(cpu.isa, {word})) return word;
    }
  }
  return std::nullopt;
}

Result<PeakMflops> rate_cpu(std::span<const CpuRow> table, std::span<const ChipTable::SkuRow> skus, const CpuShape& cpu) {
  if (cpu.identity.empty()) return unrated("the CPU does not say what it is (no CPUID, MIDR or PVR was read)");
  const auto rows = rows_of(table, cpu);
  if (rows.empty()) return unrated(spoken_identity(cpu) + " is not in the chip table");
  if (const auto word = contradiction(rows, cpu)) {
    return unrated(spoken_identity(cpu) + " (" + rows.front()->microarchitecture + ") does not have " + *word +
                   ", which this machine shows: a hypervisor hides the real model");
  }
  const auto depends = [](const CpuRow* row) { return !row->isa_required.empty(); };
  if (cpu.isa.empty() && std::any_of(rows.begin(), rows.end(), depends)) {
    return unrated("its instruction set was not read, and the rate of " + rows.front()->microarchitecture + " depends on it");
  }
  const auto kinds = kinds_of(cpu);
  if (!kinds) return kinds.error();
  const auto roles = roles_of(rows, *kinds);
  if (!roles) return roles.error();

  const auto words = name_words(cpu.model);
  PeakMflops sum{};
  for (std::size_t i = 0; i < kinds->size(); ++i) {
    const auto row = variant_of(rows, cpu, words, (*roles)[i]);
    if (!row) return row.error();
    const auto mhz = base_clock(skus, cpu, words, (*kinds)[i], (*roles)[i]);
    if (!mhz) return mhz.error();
    add_kind(sum, **row, std::uint64_t{(*kinds)[i].cores} * *mhz, i == 0);
  }
  return sum;
}

}  // namespace capmap
