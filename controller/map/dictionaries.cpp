#include "controller/map/dictionaries.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace capmap {
namespace {

constexpr std::array<const char*, 7> kArchitectureNames = {"", "x86_64", "aarch64", "loongarch64", "ppc64le", "riscv64", "s390x"};
constexpr std::array<const char*, 5> kKindNames = {"", "gpu", "npu", "fpga", "other"};
constexpr std::size_t kDivisionDigits = 2, kPrefectureDigits = 4;

/// The national hubs and their clusters by the county codes of GB/T 2260 (plan of 2022 for the national integrated computing network).
struct HubCode {
  std::string_view code, hub, cluster;
};
constexpr std::array<HubCode, 18> kHubCodes = {{{"1307", "京津冀", "张家口"},
                                                {"310118", "长三角", "生态绿色一体化示范区"},
                                                {"320509", "长三角", "生态绿色一体化示范区"},
                                                {"330421", "长三角", "生态绿色一体化示范区"},
                                                {"3402", "长三角", "芜湖"},
                                                {"4402", "粤港澳大湾区", "韶关"},
                                                {"510116", "成渝", "天府"},
                                                {"510117", "成渝", "天府"},
                                                {"510185", "成渝", "天府"},
                                                {"500109", "成渝", "重庆"},
                                                {"500120", "成渝", "重庆"},
                                                {"500108", "成渝", "重庆"},
                                                {"520111", "贵州", "贵安"},
                                                {"520403", "贵州", "贵安"},
                                                {"150123", "内蒙古", "和林格尔"},
                                                {"150902", "内蒙古", "和林格尔"},
                                                {"621002", "甘肃", "庆阳"},
                                                {"640502", "宁夏", "中卫"}}};

const HubCode* hub_of(std::string_view region) {
  const auto* const found = std::ranges::find_if(kHubCodes, [&](const HubCode& row) { return region.starts_with(row.code); });
  return found == kHubCodes.end() ? nullptr : found;
}

std::string leading(const std::string& code, std::size_t digits) {
  return code.size() < digits ? std::string() : code.substr(0, digits);
}

std::string site_text(Dimension dimension, const Site& site) {
  const auto* const hub = hub_of(site.region);
  switch (dimension) {
    case Dimension::kRegion: return site.region;
    case Dimension::kRegion2: return leading(site.region, kDivisionDigits);
    case Dimension::kRegion4: return leading(site.region, kPrefectureDigits);
    case Dimension::kSite: return site.name.empty() ? to_text(site.id) : site.name;
    case Dimension::kOwnerClass: return site.owner_class;
    case Dimension::kComputeClass: return site.compute_class;
    case Dimension::kService: return site.service;
    case Dimension::kIndustry: return site.industry;
    case Dimension::kPublicCompute: return site.public_compute ? (*site.public_compute ? "yes" : "no") : "";
    case Dimension::kHub: return !site.hub.empty() || hub == nullptr ? site.hub : std::string(hub->hub);
    case Dimension::kHubCluster: return !site.hub_cluster.empty() || hub == nullptr ? site.hub_cluster : std::string(hub->cluster);
    default: return site.security_level ? std::to_string(*site.security_level) : std::string();
  }
}

std::string hex(std::uint16_t id) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) text += digits[(id >> shift) & 0xF];
  return text;
}

/// Of all its accelerators: each text once, joined; "" where there is none.
std::string accelerator_text(Dimension dimension, const HardwareRow& row) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < row.shape.accelerators.size(); ++i) {
    const auto& device = row.shape.accelerators[i];
    texts.push_back(dimension == Dimension::kAcceleratorModel    ? row.accelerator_names[i]
                    : dimension == Dimension::kAcceleratorVendor ? hex(device.vendor_id)
                                                                 : kKindNames[static_cast<std::size_t>(device.kind)]);
  }
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  std::string joined;
  for (const auto& text : texts) joined += (joined.empty() ? "" : " + ") + text;
  return joined;
}

std::string hardware_text(Dimension dimension, const HardwareRow& row) {
  if (dimension == Dimension::kCpuModel) return row.shape.cpu.model;
  if (dimension == Dimension::kArchitecture) return kArchitectureNames[static_cast<std::size_t>(row.shape.cpu.architecture)];
  return accelerator_text(dimension, row);
}

}  // namespace

Domain domain_of(Dimension dimension) {
  switch (dimension) {
    case Dimension::kArchitecture:
    case Dimension::kCpuModel:
    case Dimension::kAcceleratorVendor:
    case Dimension::kAcceleratorModel:
    case Dimension::kAcceleratorKind: return Domain::kHardware;
    case Dimension::kLiveness:
    case Dimension::kServiceState:
    case Dimension::kVerdict: return Domain::kState;
    case Dimension::kPool: return Domain::kPool;
    default: return Domain::kSite;
  }
}

Dictionaries::Dictionaries(Sites sites, Pools pools, Hardware hardware, const Dictionaries* before)
    : sites_(std::move(sites)), pools_(std::move(pools)), hardware_(std::move(hardware)) {
  const bool same_sites = before != nullptr && before->sites_ == sites_, same_pools = before != nullptr && before->pools_ == pools_;
  const bool same_hardware = before != nullptr && before->hardware_ == hardware_;
  for (std::size_t i = 0; i < kDimensionCount; ++i) {
    const auto dimension = static_cast<Dimension>(i);
    const auto domain = domain_of(dimension);
    const bool same = before != nullptr && (domain == Domain::kState || (domain == Domain::kSite && same_sites) ||
                                            (domain == Domain::kPool && same_pools) || (domain == Domain::kHardware && same_hardware));
    columns_[i] = same ? before->columns_[i] : std::make_shared<const DimensionColumn>(make_column(dimension));
  }
  figures_ = same_hardware ? before->figures_ : std::make_shared<const HardwareFigures>(figures_of(hardware_));
}

std::size_t Dictionaries::size(Domain domain) const {
  switch (domain) {
    case Domain::kSite: return std::max<std::size_t>(sites_.size(), 1);
    case Domain::kPool: return std::max<std::size_t>(pools_.size(), 1);
    case Domain::kHardware: return std::max<std::size_t>(hardware_.size(), 1);
    default: return kStateCount + 1;
  }
}

std::string Dictionaries::text(Dimension dimension, std::size_t index) const {
  switch (domain_of(dimension)) {
    case Domain::kSite: return index < sites_.size() && sites_[index] ? site_text(dimension, *sites_[index]) : std::string();
    case Domain::kPool:
      if (index >= pools_.size() || !pools_[index]) return {};
      return pools_[index]->name.empty() ? to_text(pools_[index]->id) : pools_[index]->name;
    case Domain::kHardware: return index < hardware_.size() && hardware_[index] ? hardware_text(dimension, *hardware_[index]) : "";
    default: break;
  }
  if (index == kFreeSlot) return kLivenessNames[0];
  if (dimension == Dimension::kLiveness) return kLivenessNames[static_cast<std::size_t>(liveness_of(index))];
  if (dimension == Dimension::kServiceState) return kServiceStateNames[static_cast<std::size_t>(service_of(index))];
  return kVerdictNames[static_cast<std::size_t>(verdict_of(index))];
}

DimensionColumn Dictionaries::make_column(Dimension dimension) const {
  const auto count = size(domain_of(dimension));
  std::unordered_map<std::string, std::uint32_t> numbers;
  std::vector<const std::string*> texts;
  DimensionColumn made;
  made.codes.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (domain_of(dimension) == Domain::kState && i == kFreeSlot) continue;  // no cell: any code will do
    const auto [at, is_new] = numbers.try_emplace(text(dimension, i), static_cast<std::uint32_t>(texts.size()));
    if (is_new) texts.push_back(&at->first);
    made.codes[i] = at->second;
  }
  std::vector<std::uint32_t> order(texts.size()), rank(texts.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) { return *texts[a] < *texts[b]; });
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    rank[order[i]] = i;
    made.texts.push_back(*texts[order[i]]);
  }
  for (auto& code : made.codes) code = rank[code];
  return made;
}

}  // namespace capmap
