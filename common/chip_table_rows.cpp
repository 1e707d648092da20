#include "common/chip_table_rows.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "common/csv_row.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kMaxRate = 65'536;  // operations a cycle and core
constexpr std::uint32_t kMaxMhz = 20'000;
constexpr std::uint64_t kMaxMflops = 1'000'000'000'000;  // 1 EFLOP/s a device

constexpr const char* kCpuColumns =
    "vendor,vendor_id,microarchitecture,products,architecture,identity,name,core_kind,isa_required,isa_contradicts,"
    "fp64,fp32,fp16,bf16,int8,unrated,confidence,notes,source";
constexpr const char* kSkuColumns = "vendor,name,base_mhz,confidence,notes,source";
constexpr const char* kAcceleratorColumns =
    "vendor,model,form,kind,pci_ids,names,devices_per_card,fp64,fp64_matrix,fp32,fp32_matrix,tf32,fp16,bf16,fp8,fp4,int8,int4,"
    "memory_gb,memory_bandwidth_gbs,tdp_w,confidence,unsourced,notes,source";
constexpr const char* kPciNameColumns = "vendor_id,device_id,vendor,device,kind,source";

/// The fields that rows of the chip table have.
class RowReader : public CsvRowReader {
 public:
  using CsvRowReader::CsvRowReader;

  /// A decimal with at most six digits after its point, times 10^6: TFLOP/s in the file, exact MFLOP/s here. Empty stays absent.
  std::optional<std::uint64_t> millionths(std::string_view column) {
    const auto& cell = text(column);
    if (cell.empty()) return std::nullopt;
    const auto point = cell.find('.');
    const auto digits_after = point == std::string::npos ? 0 : cell.size() - point - 1;
    auto digits = cell;
    if (point != std::string::npos) digits.erase(point, 1);
    const bool shaped = point != 0 && point + 1 != cell.size() && digits_after <= 6 && cell.size() <= 14;
    if (shaped) digits.append(6 - digits_after, '0');
    std::uint64_t value = 0;
    const auto [stop, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (!shaped || failure != std::errc{} || stop != digits.data() + digits.size() || value == 0 || value > kMaxMflops) {
      refuse(column, in_quotes(cell) + " is not a decimal above 0 with at most six digits after the point");
      return std::nullopt;
    }
    return value;
  }

  std::vector<std::string> words(std::string_view column) const {
    std::vector<std::string> found;
    for (const auto word : split(text(column), ' ')) {
      if (!word.empty()) found.emplace_back(word);
    }
    return found;
  }

  NamePattern pattern(std::string_view column) {
    auto found = name_pattern(text(column));
    const auto empty = [](const std::vector<std::string>& choice) { return choice.empty(); };
    if (std::any_of(found.begin(), found.end(), empty)) refuse(column, in_quotes(text(column)) + " has a choice without a word");
    return found;
  }

  template <class Value, std::size_t N>
  Value choice(std::string_view column, const std::array<std::pair<std::string_view, Value>, N>& choices) {
    const auto& cell = text(column);
    std::string known;
    for (const auto& [word, value] : choices) {
      if (cell == word) return value;
      known += (known.empty() ? "" : ", ") + std::string(word);
    }
    refuse(column, in_quotes(cell) + " is none of: " + known);
    return choices.front().second;
  }

  Confidence confidence() {
    static constexpr std::array<std::pair<std::string_view, Confidence>, 3> kWords = {
        {{"A", Confidence::kA}, {"B", Confidence::kB}, {"C", Confidence::kC}}};
    required("source");
    return choice("confidence", kWords);
  }

  AcceleratorKind kind() {
    static constexpr std::array<std::pair<std::string_view, AcceleratorKind>, 4> kWords = {{{"gpu", AcceleratorKind::kGpu},
                                                                                            {"npu", AcceleratorKind::kNpu},
                                                                                            {"fpga", AcceleratorKind::kFpga},
                                                                                            {"other", AcceleratorKind::kOther}}};
    return choice("kind", kWords);
  }

  /// Four lower-case hexadecimal digits.
  std::uint16_t hex4(std::string_view column, std::string_view cell) {
    std::uint16_t value = 0;
    const auto [stop, failure] = std::from_chars(cell.data(), cell.data() + cell.size(), value, 16);
    const bool lower = std::none_of(cell.begin(), cell.end(), [](char c) { return c >= 'A' && c <= 'F'; });
    if (cell.size() != 4 || !lower || failure != std::errc{} || stop != cell.data() + cell.size()) {
      refuse(column, in_quotes(cell) + " is not four lower-case hexadecimal digits");
    }
    return value;
  }
};

/// Parses every row with `parse`; the first wrong cell fails the file.
template <class Row, class Parse>
Result<std::vector<Row>> read_rows(const CsvTable& table, const char* columns, Parse parse) {
  if (const auto error = check_columns(table, columns)) return *error;
  std::vector<Row> rows;
  rows.reserve(table.rows.size());
  for (const auto& record : table.rows) {
    RowReader reader(table, record);
    rows.push_back(parse(reader));
    if (reader.error()) return *reader.error();
  }
  if (rows.empty()) return Error{ErrorCode::kMalformed, table.file + ": has no rows"};
  return rows;
}

ChipTable::CpuRow cpu_row(RowReader& row) {
  static constexpr std::array<std::pair<std::string_view, Architecture>, 6> kArchitectures = {{{"x86_64", Architecture::kX86_64},
                                                                                               {"aarch64", Architecture::kAarch64},
                                                                                               {"loongarch64", Architecture::kLoongarch64},
                                                                                               {"ppc64le", Architecture::kPpc64le},
                                                                                               {"riscv64", Architecture::kRiscv64},
                                                                                               {"s390x", Architecture::kS390x}}};
  static constexpr std::array<std::pair<std::string_view, CoreRole>, 4> kRoles = {{{"", CoreRole::kAny},
                                                                                   {"performance", CoreRole::kPerformance},
                                                                                   {"efficiency", CoreRole::kEfficiency},
                                                                                   {"low-power", CoreRole::kLowPower}}};
  static constexpr std::array kRated = {Precision::kFp64, Precision::kFp32, Precision::kFp16, Precision::kBf16, Precision::kInt8};
  ChipTable::CpuRow cpu{.vendor = row.required("vendor"),
                        .products = row.text("products"),
                        .vendor_id = row.text("vendor_id"),
                        .microarchitecture = row.required("microarchitecture"),
                        .architecture = row.choice("architecture", kArchitectures),
                        .identity = row.required("identity"),
                        .name = row.pattern("name"),
                        .role = row.choice("core_kind", kRoles),
                        .isa_required = row.words("isa_required"),
                        .isa_contradicts = row.words("isa_contradicts"),
                        .unrated = row.text("unrated"),
                        .confidence = row.confidence(),
                        .notes = row.text("notes"),
                        .source = row.text("source")};
  if (!is_identity_pattern(cpu.identity)) row.refuse("identity", in_quotes(cpu.identity) + " is not a pattern");
  bool rated = false;
  for (const auto precision : kRated) {
    const auto index = static_cast<std::size_t>(precision);
    cpu.rate[index] = row.number(kPrecisionNames[index], 1, kMaxRate);
    rated = rated || cpu.rate[index].has_value();
  }
  if (rated == !cpu.unrated.empty()) row.refuse("unrated", "a row has rates or the reason why it has none");
  return cpu;
}

ChipTable::SkuRow sku_row(RowReader& row) {
  ChipTable::SkuRow sku{.vendor = row.required("vendor"),
                        .name = row.required("name"),
                        .pattern = row.pattern("name"),
                        .base_mhz = row.number("base_mhz", 1, kMaxMhz),
                        .notes = row.text("notes"),
                        .confidence = row.confidence(),
                        .source = row.text("source")};
  if (!sku.base_mhz && sku.notes.empty()) row.refuse("notes", "must say why the name tells no clock");
  return sku;
}

std::vector<PciId> pci_ids(RowReader& row) {
  std::vector<PciId> ids;
  for (const auto& word : row.words("pci_ids")) {
    const auto parts = split(word, ':');
    if (parts.size() != 2) row.refuse("pci_ids", in_quotes(word) + " is not vendor:device");
    ids.push_back({row.hex4("pci_ids", parts.front()), row.hex4("pci_ids", parts.back())});
  }
  return ids;
}

ChipTable::AcceleratorRow accelerator_row(RowReader& row) {
  ChipTable::AcceleratorRow chip{.vendor = row.required("vendor"),
                                 .name = row.required("vendor") + " " + row.required("model"),
                                 .form = row.required("form"),
                                 .kind = row.kind(),
                                 .ids = pci_ids(row),
                                 .ids_text = row.text("pci_ids"),
                                 .names = row.pattern("names"),
                                 .unsourced = row.words("unsourced"),
                                 .memory_bytes = {},
                                 .bandwidth_mbs = {},
                                 .tdp_watts = row.number("tdp_w", 1, 20'000),
                                 .confidence = row.confidence(),
                                 .notes = row.text("notes"),
                                 .source = row.text("source")};
  row.required("devices_per_card");
  row.number("devices_per_card", 1, 16);
  if (const auto memory = row.millionths("memory_gb")) chip.memory_bytes = *memory * 1'000;
  if (const auto bandwidth = row.millionths("memory_bandwidth_gbs")) chip.bandwidth_mbs = *bandwidth / 1'000;
  for (const auto& column : chip.unsourced) {
    const bool precision = std::find(kPrecisionNames.begin(), kPrecisionNames.end(), column) != kPrecisionNames.end();
    const bool known = precision || column == "memory_gb" || column == "memory_bandwidth_gbs" || column == "tdp_w";
    if (!known || row.text(column).empty()) row.refuse("unsourced", in_quotes(column) + " is no figure of this row");
  }
  for (std::size_t p = 0; p < kPrecisionCount; ++p) {
    const auto peak = row.millionths(kPrecisionNames[p]);
    const bool sourced = std::find(chip.unsourced.begin(), chip.unsourced.end(), kPrecisionNames[p]) == chip.unsourced.end();
    if (sourced && chip.confidence != Confidence::kC) chip.peaks[p] = peak;
  }
  return chip;
}

ChipTable::PciNameRow pci_name_row(RowReader& row) {
  row.required("source");
  ChipTable::PciNameRow name{.id = {row.hex4("vendor_id", row.text("vendor_id")), std::nullopt},
                             .name = row.required("vendor") + " " + row.required("device"),
                             .kind = row.kind()};
  if (row.text("device_id") != "*") name.id.device = row.hex4("device_id", row.text("device_id"));
  return name;
}

}  // namespace

Result<std::vector<ChipTable::CpuRow>> read_cpu_rows(const CsvTable& table) {
  return read_rows<ChipTable::CpuRow>(table, kCpuColumns, cpu_row);
}

Result<std::vector<ChipTable::SkuRow>> read_sku_rows(const CsvTable& table) {
  return read_rows<ChipTable::SkuRow>(table, kSkuColumns, sku_row);
}

Result<std::vector<ChipTable::AcceleratorRow>> read_accelerator_rows(const CsvTable& table) {
  return read_rows<ChipTable::AcceleratorRow>(table, kAcceleratorColumns, accelerator_row);
}

Result<std::vector<ChipTable::PciNameRow>> read_pci_name_rows(const CsvTable& table) {
  return read_rows<ChipTable::PciNameRow>(table, kPciNameColumns, pci_name_row);
}

}  // namespace capmap
