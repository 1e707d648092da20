#include "common/chip_table_own.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

#include "common/catalog_folder.hpp"
#include "common/chip_table_rows.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

std::vector<std::string_view> key_columns(ChipFile file) {
  switch (file) {
    case ChipFile::kCpus: return {"vendor_id", "architecture", "identity", "name", "core_kind", "isa_required"};
    case ChipFile::kCpuSkus: return {"vendor", "name"};
    case ChipFile::kAccelerators: return {"vendor", "model", "form"};
    case ChipFile::kPciNames: break;
  }
  return {"vendor_id", "device_id"};
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    if (cells[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += cells[i];
      continue;
    }
    line += '"';
    for (const char c : cells[i]) line.append(c == '"' ? 2 : 1, c);
    line += '"';
  }
  return line;
}

/// Titles and lines of a file by key, in the order they stand there.
struct Lines {
  std::string titles;
  std::vector<std::pair<std::string, std::string>> rows;
  [[nodiscard]] const std::string* find(const std::string& key) const {
    const auto at = std::ranges::find(rows, key, &std::pair<std::string, std::string>::first);
    return at == rows.end() ? nullptr : &at->second;
  }
  [[nodiscard]] std::string text() const {
    if (rows.empty()) return {};
    std::string text = titles + "\n";
    for (const auto& row : rows) text += row.second + "\n";
    return text;
  }
};

Lines lines_of(ChipFile file, const CsvTable& table) {
  Lines lines{.titles = csv_line(table.header), .rows = {}};
  for (const auto& row : table.rows) lines.rows.emplace_back(chip_key(file, table, row), csv_line(row.cells));
  return lines;
}

std::optional<Error> refuse_twice(ChipFile file, const CsvTable& table) {
  std::map<std::string, std::size_t> seen;
  for (const auto& row : table.rows) {
    const auto [at, fresh] = seen.emplace(chip_key(file, table, row), row.line);
    if (!fresh) {
      return Error{ErrorCode::kMalformed, table.file + ":" + std::to_string(row.line) + ": " + at->first +
                                              " stands there twice, first in line " + std::to_string(at->second)};
    }
  }
  return std::nullopt;
}

using Figures = std::map<std::string, std::uint64_t>;

Figures figures_of(const ChipTable::AcceleratorRow& row) {
  Figures figures;
  for (std::size_t p = 0; p < kPrecisionCount; ++p) {
    if (row.peaks[p]) figures[kPrecisionNames[p]] = *row.peaks[p];
  }
  if (row.memory_bytes) figures["memory_gb"] = *row.memory_bytes;
  if (row.bandwidth_mbs) figures["memory_bandwidth_gbs"] = *row.bandwidth_mbs;
  if (row.tdp_watts) figures["tdp_w"] = *row.tdp_watts;
  return figures;
}

Figures figures_of(const ChipTable::CpuRow& row) {
  Figures figures;
  for (std::size_t p = 0; p < kPrecisionCount; ++p) {
    if (row.rate[p]) figures[kPrecisionNames[p]] = *row.rate[p];
  }
  return figures;
}

Figures figures_of(const ChipTable::SkuRow& row) {
  return row.base_mhz ? Figures{{"base_mhz", *row.base_mhz}} : Figures{};
}

/// What is ten times beyond all that the catalog has seen is a slip of units: GFLOP/s for TFLOP/s, MB for GB.
template <class Row>
Result<Done> check_plausible(const CsvTable& table, const std::vector<Row>& rows, const std::vector<Row>& known) {
  Figures highest;
  for (const auto& row : known) {
    for (const auto& [name, value] : figures_of(row)) highest[name] = std::max(highest[name], value);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const auto& [name, value] : figures_of(rows[i])) {
      const auto most = highest.find(name);
      if (most == highest.end() || value / kOwnChipFactor <= most->second) continue;
      return Error{ErrorCode::kMalformed, table.file + ":" + std::to_string(table.rows[i].line) + ": " + name + ": is more than " +
                                              std::to_string(kOwnChipFactor) + " times the highest of the catalog: is its unit right?"};
    }
  }
  return Done{};
}

template <class Row>
Result<Done> check_rows(const std::string& directory, ChipFile file, const CsvTable& table,
                        Result<std::vector<Row>> (*read)(const CsvTable&)) {
  auto rows = read(table);
  if (!rows) return rows.error();
  const auto catalog = read_catalog_file(directory, (std::string(kChipFileNames[static_cast<std::size_t>(file)]) + ".csv").c_str());
  if (!catalog) return catalog.error();
  auto known = read(*catalog);
  if (!known) return known.error();
  if constexpr (std::is_same_v<Row, ChipTable::PciNameRow>) {
    return Done{};
  } else {
    return check_plausible(table, *rows, *known);
  }
}

Result<Done> check_rows(const std::string& directory, ChipFile file, const CsvTable& table) {
  switch (file) {
    case ChipFile::kCpus: return check_rows(directory, file, table, read_cpu_rows);
    case ChipFile::kCpuSkus: return check_rows(directory, file, table, read_sku_rows);
    case ChipFile::kAccelerators: return check_rows(directory, file, table, read_accelerator_rows);
    case ChipFile::kPciNames: break;
  }
  return check_rows(directory, file, table, read_pci_name_rows);
}

void add_changes(OwnChipsPlan& plan, const Lines& given, const Lines& old, const Lines& catalog, bool replace) {
  for (const auto& [key, line] : given.rows) {
    const auto* const mine = old.find(key);
    const auto* const theirs = catalog.find(key);
    if (mine != nullptr && *mine == line) continue;
    plan.changes.push_back({.key = key,
                            .before = mine != nullptr     ? *mine
                                      : theirs != nullptr ? *theirs
                                                          : "",
                            .now = line,
                            .over_catalog = theirs != nullptr});
  }
  if (!replace) return;
  for (const auto& [key, line] : old.rows) {
    const auto* const theirs = catalog.find(key);
    if (given.find(key) != nullptr) continue;
    plan.changes.push_back({.key = key, .before = line, .now = theirs == nullptr ? "" : *theirs, .over_catalog = theirs != nullptr});
  }
}

}  // namespace

std::string chip_key(ChipFile file, const CsvTable& table, const CsvRow& row) {
  std::string key;
  for (const auto column : key_columns(file)) {
    const auto at = std::ranges::find(table.header, column);
    const auto i = static_cast<std::size_t>(at - table.header.begin());
    const std::string& cell = i < row.cells.size() ? row.cells[i] : std::string();
    if (cell.empty()) continue;
    key += (key.empty() ? "" : " | ") + cell;
  }
  return key;
}

std::string own_chips_mark(const OwnChips& own) {
  if (std::ranges::all_of(own, [](const std::string& text) { return text.empty(); })) return {};
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, crypto_generichash_BYTES);
  for (const auto& text : own) {
    const std::uint64_t size = text.size();
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  crypto_generichash_final(&state, hash.data(), hash.size());
  std::array<char, 9> text{};
  sodium_bin2hex(text.data(), text.size(), hash.data(), 4);
  return text.data();
}

Result<OwnChips> read_own_chips(const std::string& directory) {
  const HostRoot root(directory);
  OwnChips own;
  for (std::size_t i = 0; i < kChipFileCount; ++i) {
    const auto name = "own_" + std::string(kChipFileNames[i]) + ".csv";
    auto text = root.read(name, kMaxOwnChipBytes);
    if (text) {
      own[i] = std::move(*text);
    } else if (text.error().code != ErrorCode::kAbsent) {
      return Error{text.error().code, root.path() + text.error().what};
    }
  }
  return own;
}

Result<OwnChipsPlan> plan_own_chips(const std::string& directory, const OwnChips& before, ChipFile file, std::string_view rows,
                                    bool replace) {
  const auto i = static_cast<std::size_t>(file);
  const std::string name = kChipFileNames[i];
  const auto given = parse_csv("rows", rows, {.text_bytes = kMaxOwnChipBytes, .rows = kMaxOwnChipRows});
  if (!given) return given.error();
  const auto catalog = read_catalog_file(directory, (name + ".csv").c_str());
  if (!catalog) return catalog.error();
  if (given->header != catalog->header) {
    return Error{ErrorCode::kMalformed, "rows:1: the columns are not those of " + name + ".csv: " + csv_line(catalog->header)};
  }
  if (!given->rows.empty() || !replace) {
    if (auto checked = check_rows(directory, file, *given); !checked) return checked.error();
    if (auto twice = refuse_twice(file, *given)) return *twice;
  }
  Lines old{.titles = csv_line(catalog->header), .rows = {}};
  if (!before[i].empty()) {
    const auto table = parse_csv("own_" + name + ".csv", before[i]);
    if (!table) return table.error();
    old.rows = lines_of(file, *table).rows;
  }
  const auto fresh = lines_of(file, *given);
  OwnChipsPlan plan{.own = before, .changes = {}};
  add_changes(plan, fresh, old, lines_of(file, *catalog), replace);
  Lines now = replace ? fresh : old;
  if (!replace) {
    std::erase_if(now.rows, [&fresh](const auto& row) { return fresh.find(row.first) != nullptr; });
    now.rows.insert(now.rows.end(), fresh.rows.begin(), fresh.rows.end());
  }
  if (now.rows.size() > kMaxOwnChipRows) {
    return Error{ErrorCode::kFull, "rows: a file may have at most " + std::to_string(kMaxOwnChipRows) + " rows of one's own"};
  }
  plan.own[i] = now.text();
  std::size_t bytes = 0;
  for (const auto& text : plan.own) bytes += text.size();
  if (bytes > kMaxOwnChipBytes) {
    return Error{ErrorCode::kFull, "rows: one's own rows may have at most " + std::to_string(kMaxOwnChipBytes) + " bytes together"};
  }
  return plan;
}

}  // namespace capmap
