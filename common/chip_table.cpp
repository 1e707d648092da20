#include "common/chip_table.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "common/catalog_folder.hpp"
#include "common/chip_table_own.hpp"
#include "common/chip_table_rate.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxVersionBytes = 32;

/// The rows of a file, an operator's first; the catalog's row of the same name as one of theirs is left out.
template <class Row>
Result<std::vector<Row>> load_rows(const std::string& directory, ChipFile file, const OwnChips& own,
                                   Result<std::vector<Row>> (*read)(const CsvTable&)) {
  const auto i = static_cast<std::size_t>(file);
  auto table = read_catalog_file(directory, (std::string(kChipFileNames[i]) + ".csv").c_str());
  if (!table) return table.error();
  if (own[i].empty()) return read(*table);
  const auto laid = parse_csv("own_" + std::string(kChipFileNames[i]) + ".csv", own[i]);
  if (!laid) return laid.error();
  auto rows = read(*laid);
  if (!rows) return rows;
  std::set<std::string> keys;
  for (const auto& row : laid->rows) keys.insert(chip_key(file, *laid, row));
  std::erase_if(table->rows, [&](const CsvRow& row) { return keys.contains(chip_key(file, *table, row)); });
  if constexpr (requires(Row & row) { row.own; }) {
    for (auto& row : *rows) row.own = true;
  }
  if (table->rows.empty()) return rows;
  auto catalog = read(*table);
  if (!catalog) return catalog;
  rows->insert(rows->end(), std::make_move_iterator(catalog->begin()), std::make_move_iterator(catalog->end()));
  return rows;
}

Result<std::string> load_version(const std::string& directory) {
  const HostRoot root(directory);
  auto version = root.read_line("VERSION");
  if (!version) return Error{version.error().code, root.path() + version.error().what};  // the operator needs the whole path
  if (version->size() > kMaxVersionBytes) return Error{ErrorCode::kMalformed, root.path() + "VERSION:1: longer than 32 bytes"};
  return version;
}

std::string hex4(std::uint16_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) text += kDigits[(value >> shift) & 0xF];
  return text;
}

/// One model's devices into the sums, and what they are missing from into the gaps. A row's figures are of one die.
void add(PeakRating& rating, const ChipTable::AcceleratorRow& row, std::uint32_t count, std::uint32_t dies) {
  rating.rated_accelerators += count;
  PeakGap gap{.what = row.name, .count = count, .lacks = {}};
  for (std::size_t p = 0; p < kPrecisionCount; ++p) {
    if (!row.peaks[p]) {
      gap.lacks.push_back(static_cast<Precision>(p));
      continue;
    }
    rating.accelerators[p] = rating.accelerators[p].value_or(0) + *row.peaks[p] * count * dies;
    rating.accelerators_counted[p] += count;
  }
  const auto same = std::find_if(rating.gaps.begin(), rating.gaps.end(), [&](const PeakGap& other) { return other.what == gap.what; });
  if (same != rating.gaps.end()) {
    same->count += count;
  } else if (!gap.lacks.empty()) {
    rating.gaps.push_back(std::move(gap));
  }
}

/// Same thing for the same reason: one entry with their count.
void add_unrated(std::vector<Unrated>& list, Unrated entry) {
  const auto same = [&](const Unrated& other) { return other.what == entry.what && other.why == entry.why; };
  const auto at = std::find_if(list.begin(), list.end(), same);
  if (at == list.end()) {
    list.push_back(std::move(entry));
  } else {
    at->count += entry.count;
  }
}

template <class Rows>
auto find_id(const Rows& rows, std::uint16_t vendor_id, std::uint16_t device_id) {
  return std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.fits(vendor_id, device_id); });
}

}  // namespace

ChipTable::ChipTable() = default;
ChipTable::ChipTable(ChipTable&&) noexcept = default;
ChipTable& ChipTable::operator=(ChipTable&&) noexcept = default;
ChipTable::~ChipTable() = default;

Result<ChipTable> ChipTable::load(const std::string& directory, const OwnChips* own) {
  auto version = load_version(directory);
  if (!version) return version.error();
  auto laid = own != nullptr ? Result<OwnChips>(*own) : read_own_chips(directory);
  if (!laid) return laid.error();
  auto cpus = load_rows(directory, ChipFile::kCpus, *laid, read_cpu_rows);
  if (!cpus) return cpus.error();
  auto skus = load_rows(directory, ChipFile::kCpuSkus, *laid, read_sku_rows);
  if (!skus) return skus.error();
  auto accelerators = load_rows(directory, ChipFile::kAccelerators, *laid, read_accelerator_rows);
  if (!accelerators) return accelerators.error();
  auto names = load_rows(directory, ChipFile::kPciNames, *laid, read_pci_name_rows);
  if (!names) return names.error();

  ChipTable table;
  table.version_ = std::move(*version);
  if (const auto mark = own_chips_mark(*laid); !mark.empty()) table.version_ += "-" + mark;
  table.directory_ = directory;
  table.own_ = std::move(*laid);
  table.cpus_ = std::move(*cpus);
  table.skus_ = std::move(*skus);
  table.accelerators_ = std::move(*accelerators);
  table.pci_names_ = std::move(*names);
  return table;
}

PeakRating ChipTable::rate(const Shape& shape) const {
  PeakRating rating;
  if (const auto cpu = rate_cpu(cpus_, skus_, shape.cpu)) {
    rating.cpu = *cpu;
  } else {
    const bool contradicted = contradiction(rows_of(cpus_, shape.cpu), shape.cpu).has_value();
    const auto packages = shape.cpu.packages.value_or(1);
    rating.unrated.push_back({.what = "cpu", .why = cpu.error().what, .count = packages, .contradicted = contradicted});
  }
  std::vector<Unrated> unrated;
  for (const auto& device : shape.accelerators) {
    const auto row = rate_device(accelerators_, device, device.name);
    if (row) {
      add(rating, **row, device.count, device.dies);
      continue;
    }
    const auto id = "PCI device " + hex4(device.vendor_id) + ":" + hex4(device.device_id);
    const auto name = accelerator_name(device.vendor_id, device.device_id).value_or(id);
    add_unrated(unrated, {.what = name, .why = row.error().what, .count = device.count});
  }
  std::sort(unrated.begin(), unrated.end(),
            [](const Unrated& a, const Unrated& b) { return std::tie(a.what, a.why) < std::tie(b.what, b.why); });
  std::sort(rating.gaps.begin(), rating.gaps.end(), [](const PeakGap& a, const PeakGap& b) { return a.what < b.what; });
  rating.unrated.insert(rating.unrated.end(), unrated.begin(), unrated.end());
  return rating;
}

std::optional<std::string> ChipTable::microarchitecture(const CpuShape& cpu) const {
  const auto rows = rows_of(cpus_, cpu);
  if (rows.empty() || contradiction(rows, cpu)) return std::nullopt;
  // A model number may be sold as two: then the name says which.
  const auto words = name_words(cpu.model);
  const auto named = std::find_if(rows.begin(), rows.end(), [&](const CpuRow* row) { return name_matches(row->name, words); });
  return (named == rows.end() ? rows.front() : *named)->microarchitecture;
}

std::optional<std::string> ChipTable::accelerator_name(const AcceleratorShape& device) const {
  if (const auto row = find_device(accelerators_, device, device.name)) return (*row)->name;
  return accelerator_name(device.vendor_id, device.device_id);
}

std::optional<std::string> ChipTable::accelerator_name(std::uint16_t vendor_id, std::uint16_t device_id) const {
  const auto fits = [&](const AcceleratorRow& row) { return row.fits(vendor_id, device_id); };
  const auto models = std::count_if(accelerators_.begin(), accelerators_.end(), fits);
  if (models == 1) return find_id(accelerators_, vendor_id, device_id)->name;
  const auto name = find_id(pci_names_, vendor_id, device_id);
  if (name != pci_names_.end()) return name->name;
  return std::nullopt;
}

bool ChipTable::is_accelerator(std::uint16_t vendor_id, std::uint16_t device_id) const {
  return accelerator_kind(vendor_id, device_id) != AcceleratorKind::kUnknown;
}

AcceleratorKind ChipTable::accelerator_kind(std::uint16_t vendor_id, std::uint16_t device_id) const {
  if (const auto own = find_id(accelerators_, vendor_id, device_id); own != accelerators_.end()) return own->kind;
  if (const auto name = find_id(pci_names_, vendor_id, device_id); name != pci_names_.end()) return name->kind;
  return AcceleratorKind::kUnknown;
}

}  // namespace capmap
