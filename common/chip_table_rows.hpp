#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/chip_table.hpp"
#include "common/chip_table_match.hpp"
#include "common/csv.hpp"

namespace capmap {

/// The chip table's rows as the catalog files state them; schemas/catalog/README.md says what each column means.

/// How good the sources of a row are: A vendor's own or two that agree, B one that is not the vendor's, C not good enough for a total.
enum class Confidence : std::uint8_t { kA, kB, kC };

enum class CoreRole : std::uint8_t { kAny, kPerformance, kEfficiency, kLowPower };

struct PciId {
  std::uint16_t vendor = 0;
  std::optional<std::uint16_t> device;  ///< absent: every device of the vendor
  [[nodiscard]] bool fits(std::uint16_t vendor_id, std::uint16_t device_id) const {
    return vendor == vendor_id && device.value_or(device_id) == device_id;
  }
};

/// One variant of a microarchitecture. Rows of one identity are tried in file order; the first that fits name, role and ISA counts.
struct ChipTable::CpuRow {
  std::string vendor, products;  ///< for people
  std::string vendor_id;         ///< as CPUID says it; empty: not compared
  std::string microarchitecture;
  Architecture architecture = Architecture::kUnknown;
  std::string identity;                                              ///< patterns, see identity_matches
  NamePattern name;                                                  ///< empty fits all
  CoreRole role = CoreRole::kAny;                                    ///< which cores of a hybrid CPU
  std::vector<std::string> isa_required;                             ///< words this variant needs
  std::vector<std::string> isa_contradicts;                          ///< words this CPU cannot have
  std::array<std::optional<std::uint32_t>, kPrecisionCount> rate{};  ///< operations a cycle and core, by Precision
  std::string unrated;                                               ///< why this variant has no rate; empty when it has
  Confidence confidence = Confidence::kC;
  std::string notes, source;
  bool own = false;  ///< an operator's
};

/// The base clock of models whose name is all that tells them apart.
struct ChipTable::SkuRow {
  std::string vendor, name;  ///< for people
  NamePattern pattern;
  std::optional<std::uint32_t> base_mhz;  ///< absent: the name is shared by several clocks
  std::string notes;                      ///< then the reason
  Confidence confidence = Confidence::kC;
  std::string source;
};

/// One accelerator model; figures are per PCI device, dense.
struct ChipTable::AcceleratorRow {
  std::string vendor;
  std::string name;  ///< vendor and model
  std::string form;  ///< "SXM5", "PCIe", "OAM (2 GCD)"
  AcceleratorKind kind = AcceleratorKind::kUnknown;
  std::vector<PciId> ids;                     ///< empty: known, but no PCI id tells it
  std::string ids_text;                       ///< the same, as the file has them
  NamePattern names;                          ///< how the vendor's library calls it; empty: no name tells it
  std::vector<std::string> unsourced;         ///< columns with a figure that nobody vouches for
  std::optional<std::uint64_t> memory_bytes;  ///< vendor's decimal gigabytes
  std::optional<std::uint64_t> bandwidth_mbs;
  std::optional<std::uint32_t> tdp_watts;
  PeakMflops peaks{};  ///< only what a source supports: nothing of confidence C, no field listed as unsourced
  Confidence confidence = Confidence::kC;
  std::string notes, source;
  bool own = false;  ///< an operator's
  [[nodiscard]] bool fits(std::uint16_t vendor_id, std::uint16_t device_id) const {
    return std::any_of(ids.begin(), ids.end(), [&](const PciId& id) { return id.fits(vendor_id, device_id); });
  }
};

/// A name for a PCI id that is an accelerator, with or without a row of its own.
struct ChipTable::PciNameRow {
  PciId id;
  std::string name;
  AcceleratorKind kind = AcceleratorKind::kUnknown;
  [[nodiscard]] bool fits(std::uint16_t vendor_id, std::uint16_t device_id) const { return id.fits(vendor_id, device_id); }
};

/// Each turns one catalog file into rows and checks every cell. Errors: kMalformed as "file:line: column: reason".
Result<std::vector<ChipTable::CpuRow>> read_cpu_rows(const CsvTable& table);
Result<std::vector<ChipTable::SkuRow>> read_sku_rows(const CsvTable& table);
Result<std::vector<ChipTable::AcceleratorRow>> read_accelerator_rows(const CsvTable& table);
Result<std::vector<ChipTable::PciNameRow>> read_pci_name_rows(const CsvTable& table);

}  // namespace capmap
