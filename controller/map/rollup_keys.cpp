#include "controller/map/rollup_keys.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::array<const char*, 7> kArchitectureNames = {"", "x86_64", "aarch64", "loongarch64", "ppc64le", "riscv64", "s390x"};
constexpr std::size_t kDivisionDigits = 2, kPrefectureDigits = 4;

enum class Depends : std::uint8_t { kSite, kHardware, kState };

Depends depends_on(Dimension dimension) {
  switch (dimension) {
    case Dimension::kArchitecture:
    case Dimension::kCpuModel: return Depends::kHardware;
    case Dimension::kLiveness:
    case Dimension::kServiceState:
    case Dimension::kVerdict: return Depends::kState;
    default: return Depends::kSite;
  }
}

std::string leading(const std::string& code, std::size_t digits) {
  return code.size() < digits ? std::string() : code.substr(0, digits);
}

std::string site_text(Dimension dimension, const Site& site) {
  switch (dimension) {
    case Dimension::kRegion: return site.region;
    case Dimension::kRegion2: return leading(site.region, kDivisionDigits);
    case Dimension::kRegion4: return leading(site.region, kPrefectureDigits);
    case Dimension::kSite: return site.name.empty() ? to_text(site.id) : site.name;
    case Dimension::kOwnerClass: return site.owner_class;
    case Dimension::kComputeClass: return site.compute_class;
    case Dimension::kService: return site.service;
    default: return site.security_level ? std::to_string(*site.security_level) : std::string();
  }
}

/// The index of a cell's key that a dimension depends on; small, so that it can number a vector.
std::size_t cause(Dimension dimension, const CellKey& key) {
  switch (dimension) {
    case Dimension::kLiveness: return static_cast<std::size_t>(key.liveness);
    case Dimension::kServiceState: return static_cast<std::size_t>(key.service);
    case Dimension::kVerdict: return static_cast<std::size_t>(key.verdict);
    default: return depends_on(dimension) == Depends::kHardware ? key.hardware : key.site;
  }
}

}  // namespace

std::string dimension_text(Dimension dimension, const MapView& view, const CellKey& key) {
  switch (dimension) {
    case Dimension::kLiveness: return kLivenessNames[static_cast<std::size_t>(key.liveness)];
    case Dimension::kServiceState: return kServiceStateNames[static_cast<std::size_t>(key.service)];
    case Dimension::kVerdict: return kVerdictNames[static_cast<std::size_t>(key.verdict)];
    case Dimension::kArchitecture:
    case Dimension::kCpuModel: {
      const auto* row = key.hardware < view.hardware.size() ? view.hardware[key.hardware].get() : nullptr;
      if (row == nullptr) return {};
      if (dimension == Dimension::kCpuModel) return row->shape.cpu.model;
      return kArchitectureNames[static_cast<std::size_t>(row->shape.cpu.architecture)];
    }
    default: {
      const auto* site = key.site < view.sites.size() ? view.sites[key.site].get() : nullptr;
      return site == nullptr ? std::string() : site_text(dimension, *site);
    }
  }
}

GroupKeys::GroupKeys(const MapView& view, const std::vector<Dimension>& by) : view_(view), joins_(by.size()) {
  const std::size_t states = std::max(kServiceStateNames.size(), kLivenessCount);
  for (const auto dimension : by) {
    const auto causes = depends_on(dimension) == Depends::kState      ? states
                        : depends_on(dimension) == Depends::kHardware ? view.hardware.size()
                                                                      : view.sites.size();
    columns_.push_back({.dimension = dimension, .codes = std::vector<std::uint32_t>(causes, 0), .numbers = {}, .texts = {}});
  }
  if (by.empty()) texts_.emplace_back();
}

std::uint32_t GroupKeys::code(Column& column, const CellKey& key) {
  const auto at = cause(column.dimension, key);
  if (at < column.codes.size() && column.codes[at] != 0) return column.codes[at] - 1;
  auto text = dimension_text(column.dimension, view_, key);
  const auto [found, made] = column.numbers.try_emplace(text, static_cast<std::uint32_t>(column.texts.size()));
  if (made) column.texts.push_back(std::move(text));
  if (at < column.codes.size()) column.codes[at] = found->second + 1;
  return found->second;
}

std::uint32_t GroupKeys::group_of(const CellKey& key) {
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto& join = joins_[i];
    const auto pair = std::uint64_t{group} << 32 | code(columns_[i], key);
    if (pair == join.last_pair) {
      group = join.last_group;
      continue;
    }
    const auto [found, made] = join.groups.try_emplace(pair, static_cast<std::uint32_t>(join.groups.size()));
    group = found->second;
    join.last_pair = pair;
    join.last_group = group;
    if (!made) continue;
    if (i + 1 < columns_.size()) continue;
    std::vector<std::string> texts;
    for (auto& column : columns_) texts.push_back(column.texts[code(column, key)]);
    texts_.push_back(std::move(texts));
  }
  return group;
}

}  // namespace capmap
