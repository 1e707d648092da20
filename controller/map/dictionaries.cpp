#include "controller/map/dictionaries.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "common/check.hpp"
#include "common/region_table.hpp"

namespace capmap {
namespace {

constexpr std::array<const char*, 7> kArchitectureNames = {"", "x86_64", "aarch64", "loongarch64", "ppc64le", "riscv64", "s390x"};
constexpr std::array<const char*, 5> kKindNames = {"", "gpu", "npu", "fpga", "other"};
constexpr std::size_t kMostFollowed = 256;  ///< entries that are looked at one by one

std::string leading(const std::string& code, std::size_t digits) {
  return code.size() < digits ? std::string() : code.substr(0, digits);
}

std::string site_text(Dimension dimension, const Site& site, const RegionTable* regions) {
  const auto* const hub = regions == nullptr ? nullptr : regions->hub_of(site.region);
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
    case Dimension::kHub: return !site.hub.empty() || hub == nullptr ? site.hub : hub->hub;
    case Dimension::kHubCluster: return !site.hub_cluster.empty() || hub == nullptr ? site.hub_cluster : hub->hub_cluster;
    default: return site.security_level ? std::to_string(*site.security_level) : std::string();
  }
}

/// Of all its accelerators: each text once, joined; "" where there is none.
std::string accelerator_text(Dimension dimension, const HardwareRow& row) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < row.shape.accelerators.size(); ++i) {
    const auto& device = row.shape.accelerators[i];
    texts.push_back(dimension == Dimension::kAcceleratorModel    ? row.accelerator_names[i]
                    : dimension == Dimension::kAcceleratorVendor ? vendor_text(device)
                                                                 : kKindNames[static_cast<std::size_t>(device.kind)]);
  }
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  std::string joined;
  for (const auto& text : texts) joined += (joined.empty() ? "" : " + ") + text;
  return joined;
}

std::string hardware_text(Dimension dimension, const HardwareRow& row) {
  if (dimension == Dimension::kHardware) return to_text(row.id);
  if (dimension == Dimension::kCpuModel) return row.shape.cpu.model;
  if (dimension == Dimension::kArchitecture) return kArchitectureNames[static_cast<std::size_t>(row.shape.cpu.architecture)];
  return accelerator_text(dimension, row);
}

/// The code of a text, which is put in its place where it is new.
std::uint32_t code_of(DimensionColumn& column, std::string text) {
  const auto at = std::ranges::lower_bound(column.texts, text);
  const auto code = static_cast<std::uint32_t>(at - column.texts.begin());
  if (at != column.texts.end() && *at == text) return code;
  column.texts.insert(at, std::move(text));
  for (auto& other : column.codes) other += other >= code ? 1 : 0;
  return code;
}

}  // namespace

Domain domain_of(Dimension dimension) {
  switch (dimension) {
    case Dimension::kHardware:
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

Dictionaries::Dictionaries(Sites sites, Pools pools, Hardware hardware, const Dictionaries* before,
                           std::shared_ptr<const RegionTable> regions)
    : sites_(std::move(sites)), pools_(std::move(pools)), hardware_(std::move(hardware)), regions_(std::move(regions)) {
  check(before == nullptr || before->regions_ == regions_, "dictionaries that follow others are of the same regions");
  if (before != nullptr) replaced_ = before->replaced_;
  std::array<Change, kDomainCount> changes;
  changes[0] = change_of(Domain::kSite, sites_, before == nullptr ? nullptr : &before->sites_);
  changes[1] = change_of(Domain::kPool, pools_, before == nullptr ? nullptr : &before->pools_);
  changes[2] = change_of(Domain::kHardware, hardware_, before == nullptr ? nullptr : &before->hardware_);
  changes[3].all = before == nullptr;
  for (std::size_t i = 0; i < kDimensionCount; ++i) {
    const auto dimension = static_cast<Dimension>(i);
    const auto& change = changes[static_cast<std::size_t>(domain_of(dimension))];
    const bool same = change.none() && (dimension != Dimension::kComputeClass || changes[1].none());
    if (same) columns_[i] = before->columns_[i];
    if (same) continue;
    columns_[i] =
        std::make_shared<const DimensionColumn>(change.all ? make_column(dimension) : follow(dimension, *before->columns_[i], change));
  }
  const auto& hardware_change = changes[2];
  if (hardware_change.none()) {
    figures_ = before->figures_;
  } else if (hardware_change.all) {
    figures_ = std::make_shared<const HardwareFigures>(figures_of(hardware_));
  } else {
    auto figures = std::make_shared<HardwareFigures>(*before->figures_);
    follow_hardware(*figures, hardware_, hardware_change.indexes);
    figures_ = std::move(figures);
  }
  find_pool_classes();
}

template <class Table>
Dictionaries::Change Dictionaries::change_of(Domain domain, const Table& now, const Table* before) {
  auto& replaced = replaced_[static_cast<std::size_t>(domain)];
  Change change;
  change.all = before == nullptr || before->size() > now.size();
  for (std::size_t i = 0; !change.all && i < now.size(); ++i) {
    if (i < before->size() && (*before)[i] == now[i]) continue;
    if (i < before->size()) ++replaced;
    change.indexes.push_back(i);
    // What nobody uses any more stays in the columns until they are made anew.
    change.all = change.indexes.size() > kMostFollowed || replaced > now.size() / 8 + kMostFollowed;
  }
  if (change.all) replaced = 0;
  return change;
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
    case Domain::kSite:
      return index < sites_.size() && sites_[index] ? site_text(dimension, *sites_[index], regions_.get()) : std::string();
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

DimensionColumn Dictionaries::follow(Dimension dimension, const DimensionColumn& before, const Change& change) const {
  DimensionColumn column = before;
  column.codes.resize(size(domain_of(dimension)));
  for (const auto i : change.indexes) column.codes[i] = code_of(column, text(dimension, i));
  if (dimension == Dimension::kComputeClass) add_pool_texts(column);
  return column;
}

void Dictionaries::add_pool_texts(DimensionColumn& column) const {
  for (const auto& pool : pools_) {
    if (pool && !pool->compute_class.empty()) code_of(column, pool->compute_class);
  }
}

void Dictionaries::find_pool_classes() {
  if (std::ranges::none_of(pools_, [](const auto& pool) { return pool && !pool->compute_class.empty(); })) return;
  const auto& column = this->column(Dimension::kComputeClass);
  std::unordered_map<SiteId, std::size_t, IdHash> indexes;
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    if (sites_[i]) indexes.emplace(sites_[i]->id, i);
  }
  pool_classes_.resize(size(Domain::kPool));
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    if (!pools_[i] || pools_[i]->compute_class.empty()) continue;
    const auto site = indexes.find(pools_[i]->site);
    const auto code = std::ranges::lower_bound(column.texts, pools_[i]->compute_class) - column.texts.begin();
    pool_classes_[i] = {
        .declared = true, .code = static_cast<std::uint32_t>(code), .of_site = column.codes[site == indexes.end() ? 0 : site->second]};
  }
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
  if (dimension == Dimension::kComputeClass) add_pool_texts(made);
  return made;
}

}  // namespace capmap
