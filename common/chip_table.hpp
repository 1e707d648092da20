#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/hardware.hpp"
#include "common/precision.hpp"
#include "common/result.hpp"

namespace capmap {

/// The files of the catalog that hold chips.
enum class ChipFile : std::uint8_t { kCpus, kCpuSkus, kAccelerators, kPciNames };
inline constexpr std::size_t kChipFileCount = 4;
inline constexpr std::array<const char*, kChipFileCount> kChipFileNames = {"cpus", "cpu_skus", "accelerators", "pci_names"};
/// Rows that an operator lays over the catalog's: [ChipFile] a CSV text with that file's titles; empty: none.
using OwnChips = std::array<std::string, kChipFileCount>;

/// One row of the table as a catalogue page shows it.
struct ChipEntry {
  std::string part;    ///< "cpu", "gpu", "npu", "fpga", "other"
  std::string vendor;  ///< for people
  std::string name;    ///< microarchitecture or model; an accelerator's begins with its vendor
  std::string covers;  ///< a processor's products; an accelerator's PCI ids
  /// Operations a cycle and core of a processor; MFLOP/s or MOP/s of an accelerator. Only what a source supports.
  PeakMflops rates{};
  std::optional<std::uint64_t> memory_bytes, bandwidth_mbs;
  std::optional<std::uint32_t> tdp_watts;
  char confidence = 'C';               ///< A, B or C, as schemas/catalog/README.md says
  std::vector<std::string> unsourced;  ///< columns whose figure nobody vouches for
  std::string unrated;                 ///< why a processor's variant has no rate
  std::string notes, source;
  bool own = false;  ///< an operator's row, not the catalog's
};

/// Where one part of a server stands in the table.
struct ChipPart {
  std::optional<std::uint32_t> entry;  ///< place in ChipTable::list(); absent: no row fits, or not one
  std::string unrated;                 ///< why it has no peak; empty: it has
  bool operator==(const ChipPart&) const = default;
};
struct ChipParts {
  ChipPart cpu;
  std::vector<ChipPart> devices;  ///< [shape.accelerators]
  bool operator==(const ChipParts&) const = default;
};

/// How an accelerator's row of a shape meets the chip table.
struct DeviceFit {
  bool listed = false;                        ///< a row has its PCI id, or its driver's name where no id tells
  bool memory_of_none = false;                ///< several rows share the id, and its memory is that of none of them
  std::string candidates;                     ///< then their names
  std::string model, form;                    ///< of the one row that fits; empty: not one
  std::optional<std::uint64_t> memory_bytes;  ///< as its sheet says, of a PCI device; absent: not known, or sold with several sizes
  std::optional<std::uint32_t> tdp_watts;     ///< of a PCI device
  std::string named_as;                       ///< its driver calls it by the name of this other model; empty: it does not
};

/// How far the table knows the parts of a server: what verdicts need beside rates.
struct ChipFit {
  bool cpu_listed = false;
  std::vector<DeviceFit> devices;  ///< [shape.accelerators]
};

/// Peaks by chip and precision, read from schemas/catalog/*.csv. Pure after loading; immutable; any thread may read.
/// For capmap-probe and the controller only: the agent service does not load it.
class ChipTable {
 public:
  /// Reads cpus.csv, cpu_skus.csv, accelerators.csv and pci_names.csv below `directory`, and lays an operator's rows over them: those
  /// that are given, else those in own_cpus.csv and so on, which need not be there. A row of theirs takes the place of the catalog's row
  /// of the same name (chip_key) and comes before all others. Every row is checked; a bad row fails the load with file:line, column and
  /// reason. Errors: kAbsent, kDenied, kMalformed.
  static Result<ChipTable> load(const std::string& directory, const OwnChips* own = nullptr);

  /// The table's version, from schemas/catalog/VERSION ("1"); with rows of an operator's "1-" and eight digits of a hash over them.
  [[nodiscard]] const std::string& version() const { return version_; }
  /// Where it was read from, and what was laid over it.
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const OwnChips& own() const { return own_; }

  /// Nominal peaks of one server: CPU = sum over core kinds of cores x base clock x FLOP/cycle(microarchitecture, precision,
  /// FMA units of that model); accelerators = sum of dense table peaks. What cannot be rated honestly is listed with its reason
  /// (not in the table, no base clock, FMA units not told by the name, ISA flags that contradict the row) and never counted as 0.
  [[nodiscard]] PeakRating rate(const Shape& shape) const;

  /// Whether its parts are listed, and what their rows say of memory, power and name: what verdicts are made of.
  [[nodiscard]] ChipFit fit(const Shape& shape) const;

  /// Which row each part of a server is of, and why it has no peak.
  [[nodiscard]] ChipParts parts(const Shape& shape) const;

  /// Every row, processors first, in file order.
  [[nodiscard]] std::vector<ChipEntry> list() const;
  [[nodiscard]] std::size_t entry_count() const;  ///< of list()

  /// Microarchitecture of a CPU ("Zen 3"), absent when the table does not know it.
  [[nodiscard]] std::optional<std::string> microarchitecture(const CpuShape& cpu) const;
  /// Our own name of a PCI device ("NVIDIA H100 SXM5 80GB"), then pci_names.csv, absent when neither knows it.
  [[nodiscard]] std::optional<std::string> accelerator_name(std::uint16_t vendor_id, std::uint16_t device_id) const;
  /// Likewise, of a device whose memory and driver's name may tell models of one id apart.
  [[nodiscard]] std::optional<std::string> accelerator_name(const AcceleratorShape& device) const;
  /// True for PCI ids the table lists as accelerators whatever their class code says.
  [[nodiscard]] bool is_accelerator(std::uint16_t vendor_id, std::uint16_t device_id) const;
  /// GPU, NPU, FPGA for a listed id; kUnknown otherwise.
  [[nodiscard]] AcceleratorKind accelerator_kind(std::uint16_t vendor_id, std::uint16_t device_id) const;

  struct CpuRow;
  struct SkuRow;
  struct AcceleratorRow;
  struct PciNameRow;

  ChipTable(ChipTable&&) noexcept;
  ChipTable& operator=(ChipTable&&) noexcept;
  ChipTable(const ChipTable&) = delete;
  ChipTable& operator=(const ChipTable&) = delete;
  ~ChipTable();

 private:
  ChipTable();
  std::string version_, directory_;
  OwnChips own_;
  std::vector<CpuRow> cpus_;
  std::vector<SkuRow> skus_;
  std::vector<AcceleratorRow> accelerators_;
  std::vector<PciNameRow> pci_names_;
};

}  // namespace capmap
