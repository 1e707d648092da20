#include "controller/map/hardware_figures.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "common/accelerator_vendor.hpp"

namespace capmap {
namespace {

constexpr std::array<const char*, 5> kKindNames = {"", "gpu", "npu", "fpga", "other"};
constexpr unsigned kGibShift = 30;

std::optional<std::uint64_t> gib(const std::optional<std::uint64_t>& bytes) {
  return bytes ? std::optional(*bytes >> kGibShift) : std::nullopt;
}

using Row = std::array<std::uint64_t, kFigureCount>;

struct Rpeak {
  std::uint64_t mflops = 0, parts = 0;
};
/// FP64 as lists of supercomputers count it: of matrix units where there are such, else of vector units. Where some of a server's models
/// have matrix units and others have none, those without are left out: their share of the row's vector rate is not known.
Rpeak rpeak_of(const PeakMflops& rates, std::uint64_t with_vector, std::uint64_t with_matrix) {
  constexpr auto kVector = static_cast<std::size_t>(Precision::kFp64), kMatrix = static_cast<std::size_t>(Precision::kFp64Matrix);
  if (rates[kMatrix]) return {.mflops = *rates[kMatrix], .parts = with_matrix};
  return rates[kVector] ? Rpeak{.mflops = *rates[kVector], .parts = with_vector} : Rpeak{};
}

Row row_of(const HardwareRow* row) {
  Row figures{};
  if (row == nullptr) {
    figures[kHardwareUnknown] = figures[kUnratedNodes] = 1;
    return figures;
  }
  const auto& shape = row->shape;
  figures[kPackages] = shape.cpu.packages.value_or(0);
  figures[kCores] = shape.cpu.cores.value_or(0);
  figures[kPus] = shape.cpu.pus.value_or(0);
  figures[kMemoryBytes] = shape.memory_bytes.value_or(0);
  figures[kMemoryUnknown] = shape.memory_bytes ? 0 : 1;
  for (const auto& device : shape.accelerators) figures[kAccelerators] += device.count;
  for (const auto& disk : shape.disks) {
    auto& of_media = figures[kStorageBytes + static_cast<std::size_t>(disk.media)];
    std::uint64_t bytes = 0, sum = 0;
    const bool fits =
        disk.bytes && !__builtin_mul_overflow(*disk.bytes, disk.count, &bytes) && !__builtin_add_overflow(of_media, bytes, &sum);
    if (fits) of_media = sum;
    if (!fits) figures[kStorageUnknown] += disk.count;
  }
  for (const auto& nic : shape.nics) {
    figures[kNics] += nic.count;
    if (nic.rdma) figures[kRdmaNics] += nic.count;
    if (!nic.speed_mbps) figures[kNicUnknown] += nic.count;
    figures[kNicMbps] += std::uint64_t{nic.speed_mbps.value_or(0)} * nic.count;
  }
  figures[kRated] = row->peak.rated_accelerators;
  for (const auto& part : row->peak.unrated) figures[part.what == "cpu" ? kUnratedPackages : kUnratedAccelerators] += part.count;
  figures[kUnratedNodes] = row->peak.unrated.empty() ? 0 : 1;
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    figures[kCpuPeak + i] = row->peak.cpu[i].value_or(0);
    figures[kCpuOffered + i] = row->peak.cpu[i] ? shape.cpu.packages.value_or(1) : 0;
    figures[kAcceleratorPeak + i] = row->peak.accelerators[i].value_or(0);
    figures[kAcceleratorOffered + i] = row->peak.accelerators[i] ? row->peak.accelerators_counted[i] : 0;
  }
  if (shape.accelerators.size() == 1 && shape.accelerators[0].count > 0) {
    for (std::size_t i = 0; i < kPrecisionCount; ++i) {
      figures[kDevicePeak + i] = figures[kAcceleratorPeak + i] / shape.accelerators[0].count;
      figures[kDeviceOffered + i] = row->peak.accelerators[i] ? 1 : 0;
    }
  }
  constexpr auto kVector = static_cast<std::size_t>(Precision::kFp64), kMatrix = static_cast<std::size_t>(Precision::kFp64Matrix);
  const auto packages = shape.cpu.packages.value_or(1);
  const auto cpu = rpeak_of(row->peak.cpu, packages, packages);
  const auto& counted = row->peak.accelerators_counted;
  const auto accelerators = rpeak_of(row->peak.accelerators, counted[kVector], counted[kMatrix]);
  figures[kCpuRpeak] = cpu.mflops;
  figures[kCpuRpeakOffered] = cpu.parts;
  figures[kAcceleratorRpeak] = accelerators.mflops;
  figures[kAcceleratorRpeakOffered] = accelerators.parts;
  return figures;
}

/// The number of a text, given to it when it is new.
template <class Text>
std::uint32_t number_of(std::map<Text, std::uint32_t>& numbers, std::vector<Text>& texts, Text text) {
  const auto [at, made] = numbers.try_emplace(std::move(text), static_cast<std::uint32_t>(texts.size()));
  if (made) texts.push_back(at->first);
  return at->second;
}

void set_columns(HardwareFigures& figures, std::size_t row, const Row& values) {
  for (std::size_t figure = 0; figure < kFigureCount; ++figure) {
    const auto set = [&](std::vector<std::uint32_t>& half, std::uint64_t value) {
      if (value == 0 && half.empty()) return;
      half.resize(figures.rows);
      half[row] = static_cast<std::uint32_t>(value);
    };
    set(figures.columns[figure].low, values[figure] & UINT32_MAX);
    set(figures.columns[figure].high, values[figure] >> 32);
  }
}

void set_numbers(HardwareFigures& figures, std::size_t row, const Shape& shape) {
  std::uint64_t devices = 0;
  for (const auto& device : shape.accelerators) devices += device.count;
  figures.numbers[kNumberPackages][row] = shape.cpu.packages;
  figures.numbers[kNumberCores][row] = shape.cpu.cores;
  figures.numbers[kNumberPus][row] = shape.cpu.pus;
  figures.numbers[kNumberMemoryGib][row] = gib(shape.memory_bytes);
  figures.numbers[kNumberAccelerators][row] = devices;
  std::uint64_t rdma = 0;
  for (const auto& nic : shape.nics) rdma += nic.rdma ? nic.count : 0;
  figures.numbers[kNumberRdmaNics][row] = rdma;
}

/// Numbers texts and devices as they are met.
class Lists {
 public:
  explicit Lists(HardwareFigures& figures) : figures_(figures) {
    for (const auto& model : figures.models) models_.try_emplace(model, static_cast<std::uint32_t>(models_.size()));
    for (const auto& reason : figures.reasons) reasons_.try_emplace(reason, static_cast<std::uint32_t>(reasons_.size()));
    for (const auto& device : figures.devices) devices_.try_emplace(key_of(device), static_cast<std::uint32_t>(devices_.size()));
  }

  void set(std::size_t index, const HardwareRow& row) {
    auto& words = figures_.words[index];
    words = {};
    figures_.devices_of[index].clear();
    for (std::size_t k = 0; k < row.shape.accelerators.size(); ++k) {
      const auto& device = row.shape.accelerators[k];
      const auto& name = row.accelerator_names[k];
      words.models.emplace_back(number_of(models_, figures_.models, name), device.count);
      DeviceText text{.model = name,
                      .vendor = vendor_text(device),
                      .kind = kKindNames[static_cast<std::size_t>(device.kind)],
                      .count = device.count,
                      .memory_gib = gib(device.memory_bytes)};
      const auto [at, made] = devices_.try_emplace(key_of(text), static_cast<std::uint32_t>(devices_.size()));
      if (made) figures_.devices.push_back(std::move(text));
      figures_.devices_of[index].push_back(at->second);
    }
    for (const auto& part : row.peak.unrated) {
      words.reasons.emplace_back(number_of(reasons_, figures_.reasons, {part.what, part.why}), part.count);
    }
  }

 private:
  using DeviceKey = std::tuple<std::string, std::string, std::string, std::uint32_t, std::optional<std::uint64_t>>;
  static DeviceKey key_of(const DeviceText& device) { return {device.model, device.vendor, device.kind, device.count, device.memory_gib}; }

  HardwareFigures& figures_;
  std::map<std::string, std::uint32_t> models_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> reasons_;
  std::map<DeviceKey, std::uint32_t> devices_;
};

}  // namespace

std::string vendor_text(const AcceleratorShape& device) {
  return device.vendor_id == 0 ? std::string() : vendor_word(device.vendor_id);
}

HardwareFigures figures_of(const std::vector<std::shared_ptr<const HardwareRow>>& hardware) {
  HardwareFigures figures;
  std::vector<std::size_t> all(std::max<std::size_t>(hardware.size(), 1));
  std::iota(all.begin(), all.end(), std::size_t{0});
  follow_hardware(figures, hardware, all);
  return figures;
}

void follow_hardware(HardwareFigures& figures, const std::vector<std::shared_ptr<const HardwareRow>>& hardware,
                     const std::vector<std::size_t>& changed) {
  figures.rows = std::max<std::size_t>(hardware.size(), 1);
  figures.words.resize(figures.rows);
  figures.devices_of.resize(figures.rows);
  for (auto& column : figures.numbers) column.resize(figures.rows);
  for (auto& column : figures.columns) {
    if (!column.low.empty()) column.low.resize(figures.rows);
    if (!column.high.empty()) column.high.resize(figures.rows);
  }
  Lists lists(figures);
  for (const auto i : changed) {
    const auto* const row = i < hardware.size() ? hardware[i].get() : nullptr;
    set_columns(figures, i, row_of(row));
    if (row == nullptr) continue;
    set_numbers(figures, i, row->shape);
    lists.set(i, *row);
  }
}

}  // namespace capmap
