// What a demand says of sites and of kinds of hardware.
#include "controller/find/judge.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace capmap {
namespace {

constexpr std::uint64_t kHalfGib = 1ULL << 29U;

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

/// "NVIDIA H100-SXM5" -> {nvidia, h100, sxm5}
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool begun = false;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!is_letter(c)) {
      begun = false;
      continue;
    }
    if (!begun) words.emplace_back();
    begun = true;
    words.back() += c;
  }
  return words;
}

/// One row of accelerators of a shape as a demand sees it.
struct Device {
  const AcceleratorShape& shape;
  std::uint32_t text;                   ///< index of HardwareFigures::devices
  std::optional<std::uint64_t> mflops;  ///< of one, at the precision asked for
};

class DeviceJudge {
 public:
  DeviceJudge(const Demand& demand, const std::vector<DeviceText>& devices) : demand_(demand), model_(words_of(demand.model)) {
    for (const auto& text : devices) texts_.push_back(judge(text));
  }

  [[nodiscard]] Failed judge(const Device& device) const {
    Failed failed = texts_[device.text];
    if (demand_.device_memory_gib) {
      const auto& bytes = device.shape.memory_bytes;
      if (!bytes || (*bytes + kHalfGib) >> 30U < *demand_.device_memory_gib) failed.add(Need::kDeviceMemory, bytes.has_value());
    }
    if (demand_.precision && (!device.mflops || *device.mflops < demand_.device_rate_mflops)) {
      failed.add(Need::kPrecision, device.mflops.has_value());
    }
    return failed;
  }

 private:
  /// There are few texts, and many rows have the same.
  [[nodiscard]] Failed judge(const DeviceText& text) const {
    Failed failed;
    if (!model_.empty() && !named(text.model)) failed.add(Need::kModel, !text.model.empty());
    if (!demand_.vendor.empty() && text.vendor != demand_.vendor) failed.add(Need::kVendor, !text.vendor.empty());
    const std::string_view kind = text.kind;
    if (!demand_.kind.empty() && kind != demand_.kind) failed.add(Need::kKind, !kind.empty());
    return failed;
  }
  [[nodiscard]] bool named(const std::string& name) const {
    const auto words = words_of(name);
    return std::ranges::all_of(model_, [&](const std::string& word) { return std::ranges::find(words, word) != words.end(); });
  }

  const Demand& demand_;
  std::vector<std::string> model_;
  std::vector<Failed> texts_;  ///< [device text]
};

/// What one device of a row of accelerators does. The row's peak is of all its devices together: where there are others, they are rated
/// by themselves.
std::optional<std::uint64_t> mflops_of(const MapView& view, const HardwareRow& row, std::size_t at,
                                       const std::optional<Precision>& wanted) {
  if (!wanted) return std::nullopt;
  const auto precision = static_cast<std::size_t>(*wanted);
  const auto one = [precision](const PeakRating& peak) -> std::optional<std::uint64_t> {
    const auto counted = peak.accelerators_counted[precision];
    if (!peak.accelerators[precision] || counted == 0) return std::nullopt;
    return *peak.accelerators[precision] / counted;
  };
  if (row.shape.accelerators.size() == 1) return one(row.peak);
  if (!view.chips) return std::nullopt;
  Shape alone;
  alone.accelerators = {row.shape.accelerators[at]};
  return one(view.chips->rate(alone));
}

/// A need of a node that none of its devices fulfils; it is not known where it is not of one of them.
Failed of_all(const std::vector<Failed>& devices) {
  Failed all;
  for (const auto need : {Need::kModel, Need::kVendor, Need::kKind, Need::kDeviceMemory, Need::kPrecision}) {
    const auto bit = std::uint32_t{1} << static_cast<unsigned>(need);
    const auto fails = [bit](const Failed& device) { return (device.fails & bit) != 0; };
    if (devices.empty() || !std::ranges::all_of(devices, fails)) continue;
    all.add(need, std::ranges::none_of(devices, [bit](const Failed& device) { return (device.unknown & bit) != 0; }));
  }
  return all;
}

HardwareFit fit_of(const MapView& view, const HardwareFigures& figures, std::size_t index, const Demand& demand, const DeviceJudge& judge) {
  HardwareFit fit;
  const auto& row = view.hardware[index];
  fit.pus = figures.numbers[kNumberPus][index];
  fit.memory_gib = figures.numbers[kNumberMemoryGib][index];
  if (demand.rdma && std::ranges::none_of(row->shape.nics, &NicShape::rdma)) fit.failed.add(Need::kRdma, true);
  if (!demand.of_devices()) return fit;
  std::vector<Failed> devices;
  for (std::size_t i = 0; i < row->shape.accelerators.size(); ++i) {
    const auto& shape = row->shape.accelerators[i];
    const Device device{.shape = shape, .text = figures.devices_of[index][i], .mflops = mflops_of(view, *row, i, demand.precision)};
    devices.push_back(judge.judge(device));
    fit.devices += shape.count;
    if (devices.back().fails != 0) continue;
    if (fit.matching == 0 || device.mflops.value_or(0) < fit.device_mflops) fit.device_mflops = device.mflops.value_or(0);
    fit.matching += shape.count;
  }
  const auto none_is = of_all(devices);
  fit.failed = fit.failed.with(none_is);
  const auto wanted = std::max(demand.accelerators, 1U);
  // Too few of those that are what is asked for; where there are none of them, that says another need.
  if (fit.devices < wanted || (fit.matching < wanted && none_is.fails == 0)) fit.failed.add(Need::kAccelerators, true);
  return fit;
}

/// Nothing is known of the hardware.
HardwareFit unknown_fit(const Demand& demand) {
  HardwareFit fit;
  for (const auto need : {Need::kModel, Need::kVendor, Need::kKind, Need::kDeviceMemory, Need::kPrecision, Need::kRdma, Need::kAccelerators,
                          Need::kCores, Need::kMemory}) {
    if (demand.asks(need)) fit.failed.add(need, false);
  }
  return fit;
}

Failed judge_site(const Site& site, const Demand& demand, const std::optional<SiteId>& wanted_id) {
  Failed failed;
  const auto text = [&failed](Need need, const std::string& wanted, const std::string& said) {
    if (!wanted.empty() && said != wanted) failed.add(need, !said.empty());
  };
  if (!demand.site.empty() && site.name != demand.site && site.id != wanted_id) failed.add(Need::kSite, true);
  if (!site.region.starts_with(demand.region)) failed.add(Need::kRegion, !site.region.empty());
  text(Need::kOwner, demand.owner, site.owner);
  text(Need::kOwnerClass, demand.owner_class, site.owner_class);
  if (demand.security_level && site.security_level.value_or(0) < *demand.security_level) {
    failed.add(Need::kSecurityLevel, site.security_level.has_value());
  }
  if (demand.public_compute && site.public_compute != true) failed.add(Need::kPublicCompute, site.public_compute.has_value());
  return failed;
}

}  // namespace

DemandJudge::DemandJudge(const MapView& view, const Dictionaries& dictionaries, const Demand& demand,
                         const std::function<bool(std::uint32_t site)>& within) {
  judge_sites(view, demand, within);
  judge_hardware(view, dictionaries.figures(), demand);
  for (std::size_t code = 0; code < kStateCount; ++code) {
    const auto liveness = liveness_of(code);
    if (liveness != Liveness::kFresh) states_[code].add(Need::kFresh, liveness != Liveness::kResyncing);
    if (service_of(code) != ServiceState::kInService) states_[code].add(Need::kInService, true);
  }
  if (demand.filter) filter_.emplace(*demand.filter, dictionaries);
  if (demand.compute_class.empty()) return;
  compute_class_.emplace(FilterNode{.kind = FilterNode::Kind::kTest,
                                    .parts = {},
                                    .field = "compute_class",
                                    .compare = FilterNode::Compare::kEqual,
                                    .values = {demand.compute_class}},
                         dictionaries);
}

void DemandJudge::judge_sites(const MapView& view, const Demand& demand, const std::function<bool(std::uint32_t)>& within) {
  seen_.resize(view.sites.size());
  sites_.resize(view.sites.size());
  const auto id = parse_id<SiteId>(demand.site);
  const auto wanted = id ? std::optional(*id) : std::nullopt;
  for (std::uint32_t i = 0; i < view.sites.size(); ++i) {
    if (!view.sites[i] || !within(i)) continue;
    seen_[i] = 1;
    sites_[i] = judge_site(*view.sites[i], demand, wanted);
  }
}

void DemandJudge::judge_hardware(const MapView& view, const HardwareFigures& figures, const Demand& demand) {
  const DeviceJudge judge(demand, figures.devices);
  hardware_.assign(std::max<std::size_t>(view.hardware.size(), 1), unknown_fit(demand));
  for (std::size_t i = 0; i < view.hardware.size(); ++i) {
    if (view.hardware[i] && i < figures.rows) hardware_[i] = fit_of(view, figures, i, demand, judge);
  }
}

const std::array<Failed, kBlockCells>* DemandJudge::block(const CellKeys& keys) {
  if (!filter_ && !compute_class_) return nullptr;
  block_.fill({});
  const auto ask = [&](const std::optional<CellFilter>& filter, Need need) {
    if (!filter) return;
    filter->judge(keys, keep_);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      if (keep_[i] == 0) block_[i].add(need, true);
    }
  };
  ask(filter_, Need::kFilter);
  ask(compute_class_, Need::kComputeClass);
  return &block_;
}

}  // namespace capmap
