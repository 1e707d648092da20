// Whether the parts of a server are in the table, and whether they are what their row says.
#include <algorithm>
#include <cctype>

#include "common/chip_table_rate.hpp"

namespace capmap {
namespace {

using Row = ChipTable::AcceleratorRow;

/// Lower-case runs of letters and digits: "NVIDIA A100-SXM4-80GB" is nvidia, a100, sxm4, 80gb.
std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens(1);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      tokens.back() += static_cast<char>(std::tolower(byte));
    } else if (!tokens.back().empty()) {
      tokens.emplace_back();
    }
  }
  if (tokens.back().empty()) tokens.pop_back();
  return tokens;
}

/// The word that makes a model's name its own: the first with a digit that is no form and no size ("h100" of "NVIDIA H100 SXM5 80GB").
std::string model_token(const std::string& name) {
  for (const auto& token : tokens_of(name)) {
    const bool digit = std::any_of(token.begin(), token.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (digit && token.size() >= 2 && !token.starts_with("sxm") && !token.ends_with("gb")) return token;
  }
  return {};
}

bool calls_it(const Row& row, const std::vector<std::string>& words, const std::vector<std::string>& tokens) {
  if (!row.names.empty()) return name_matches(row.names, words);
  const auto token = model_token(row.name);
  return !token.empty() && std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

bool same_vendor(const Row& a, const Row& b) {
  return !a.ids.empty() && !b.ids.empty() && a.ids.front().vendor == b.ids.front().vendor;
}

/// Another model of the same vendor that the driver's name is of, where it is not also of one with the device's PCI id.
std::string named_as(const std::vector<Row>& rows, const std::vector<const Row*>& by_id, const std::string& driver_name) {
  const auto words = name_words(driver_name);
  const auto tokens = tokens_of(driver_name);
  const auto fits = [&](const Row* row) { return calls_it(*row, words, tokens); };
  if (by_id.empty() || std::any_of(by_id.begin(), by_id.end(), fits)) return {};
  for (const auto& row : rows) {
    if (same_vendor(row, *by_id.front()) && fits(&row)) return row.name;
  }
  return {};
}

DeviceFit fit_device(const std::vector<Row>& rows, const AcceleratorShape& device) {
  DeviceFit fit;
  std::vector<const Row*> by_id;
  for (const auto& row : rows) {
    if (row.fits(device.vendor_id, device.device_id)) by_id.push_back(&row);
  }
  if (!device.name.empty()) fit.named_as = named_as(rows, by_id, device.name);
  const auto row = find_device(rows, device, device.name);
  fit.listed = !by_id.empty() || row;
  if (row) {
    fit.model = (*row)->name;
    fit.form = (*row)->form;
    fit.memory_bytes = (*row)->memory_bytes;
    fit.tdp_watts = (*row)->tdp_watts;
    return fit;
  }
  const auto holds = [&](const Row* one) {
    return !one->memory_bytes || memory_fits(*one, device.memory_bytes.value_or(0) / std::max(device.dies, 1U));
  };
  fit.memory_of_none = device.memory_bytes && !by_id.empty() && std::none_of(by_id.begin(), by_id.end(), holds);
  for (const auto* one : by_id) fit.candidates += (fit.candidates.empty() ? "" : ", ") + one->name;
  return fit;
}

}  // namespace

ChipFit ChipTable::fit(const Shape& shape) const {
  ChipFit fit;
  fit.cpu_listed = !shape.cpu.identity.empty() && !rows_of(cpus_, shape.cpu).empty();
  for (const auto& device : shape.accelerators) fit.devices.push_back(fit_device(accelerators_, device));
  return fit;
}

ChipParts ChipTable::parts(const Shape& shape) const {
  ChipParts parts;
  if (const auto rows = rows_of(cpus_, shape.cpu); !shape.cpu.identity.empty() && !rows.empty()) {
    const auto words = name_words(shape.cpu.model);
    const auto named = std::find_if(rows.begin(), rows.end(), [&](const CpuRow* row) { return name_matches(row->name, words); });
    parts.cpu.entry = static_cast<std::uint32_t>((named == rows.end() ? rows.front() : *named) - cpus_.data());
  }
  if (const auto rated = rate_cpu(cpus_, skus_, shape.cpu); !rated) parts.cpu.unrated = rated.error().what;
  for (const auto& device : shape.accelerators) {
    auto& part = parts.devices.emplace_back();
    if (const auto row = find_device(accelerators_, device, device.name)) {
      part.entry = static_cast<std::uint32_t>(cpus_.size() + static_cast<std::size_t>(*row - accelerators_.data()));
    }
    if (const auto rated = rate_device(accelerators_, device, device.name); !rated) part.unrated = rated.error().what;
  }
  return parts;
}

}  // namespace capmap
