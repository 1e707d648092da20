// AMD: what the kernel's files say of each card, no library. amdgpu's files: Linux, Documentation/gpu/amdgpu (driver-misc, thermal, ras);
// KFD's: drivers/gpu/drm/amd/amdkfd/kfd_topology.c and kfd_process.c. Partitions of an MI300 are KFD nodes of one PCI location.
#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/fields.hpp"
#include "agent/probe/devices/amd_cards.hpp"
#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/device_files.hpp"
#include "agent/probe/devices/join_readings.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr const char* kDriver = "sys/bus/pci/drivers/amdgpu";
constexpr const char* kNodes = "sys/class/kfd/kfd/topology/nodes";
constexpr const char* kProcesses = "sys/class/kfd/kfd/proc";
constexpr std::size_t kMostDevices = 256, kMostNodes = 1'024, kMostProcesses = 4'096;
constexpr std::uint64_t kMostBytes = 1ULL << 50, kMostMicrowatts = 20'000'000'000, kMostMilliCelsius = 200'000, kMostHertz = 20'000'000'000;
constexpr std::uint64_t kHertzPerMhz = 1'000'000;

bool is_address(const std::string& name) {
  return name.size() >= 12 && name[name.size() - 2] == '.' && std::isxdigit(static_cast<unsigned char>(name[0])) != 0;
}

/// One KFD node that computes: a card, or a partition of one.
struct KfdNode {
  std::string path;
  std::uint64_t gpu_id = 0;
};

std::optional<std::uint64_t> property(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    auto line = take_line(text);
    if (take_word(line) == name) return to_number(take_word(line));
  }
  return std::nullopt;
}

/// The files of one card.
class Card {
 public:
  Card(const HostRoot& root, DeviceReading& reading)
      : root_(root), reading_(reading), folder_("sys/bus/pci/devices/" + reading.pci_address) {}

  void read() {
    read_names();
    read_memory();
    if (const auto percent = number("gpu_busy_percent", 100)) reading_.busy_permille = static_cast<std::uint32_t>(*percent * 10);
    read_monitor();
    read_health();
    read_partitions();
  }

 private:
  std::optional<std::uint64_t> number(const std::string& file, std::uint64_t most) {
    return device_number(root_, folder_ + "/" + file, file, most, reading_, silent_);
  }

  std::string line(const std::string& file) const {
    const auto text = root_.read_line(folder_ + "/" + file);
    return text ? *text : std::string();
  }

  void read_names() {
    const auto vendor = line("vendor"), device = line("device");
    if (vendor.starts_with("0x") && device.starts_with("0x")) reading_.pci_id = vendor.substr(2) + ":" + device.substr(2);
    reading_.name = line("product_name");
    reading_.uuid = line("unique_id");
  }

  void read_memory() {
    const auto total = number("mem_info_vram_total", kMostBytes), used = number("mem_info_vram_used", kMostBytes);
    if (!total || *total == 0) return;
    reading_.memory_total_bytes = total;
    if (!used) return;
    if (*used > *total) {
      reading_.failures.push_back("mem_info_vram_used: " + std::to_string(*used) + " of " + std::to_string(*total) +
                                  " bytes has no meaning");
      return;
    }
    reading_.memory_used_bytes = used;
    reading_.idle_bytes = kAmdIdleBytes;
  }

  void read_monitor() {
    const auto monitors = root_.list(folder_ + "/hwmon", 16);
    if (!monitors || monitors->empty()) return;
    const std::string monitor = "hwmon/" + monitors->front() + "/";
    auto power = number(monitor + "power1_average", kMostMicrowatts);
    if (!power) power = number(monitor + "power1_input", kMostMicrowatts);
    if (power) reading_.power_milliwatts = to_u32(*power / 1'000);
    if (const auto cap = number(monitor + "power1_cap", kMostMicrowatts)) reading_.power_limit_milliwatts = to_u32(*cap / 1'000);
    if (const auto heat = number(monitor + "temp1_input", kMostMilliCelsius)) reading_.temperature_celsius = to_u32(*heat / 1'000);
    if (const auto clock = number(monitor + "freq1_input", kMostHertz)) reading_.core_mhz = to_u32(*clock / kHertzPerMhz);
    if (const auto clock = number(monitor + "freq2_input", kMostHertz)) reading_.memory_mhz = to_u32(*clock / kHertzPerMhz);
  }

  void read_health() {
    if (silent_ && !reading_.memory_total_bytes) {
      reading_.healthy = false;
      reading_.failures.emplace_back("the card does not answer its driver");
      return;
    }
    if (!reading_.memory_total_bytes && !reading_.busy_permille) return;
    reading_.healthy = true;
    const auto counts = root_.read(folder_ + "/ras/umc_err_count", 4'096);
    if (!counts) return;
    reading_.ecc_corrected = property(*counts, "ce:");
    reading_.ecc_uncorrected = property(*counts, "ue:");
    if (reading_.ecc_uncorrected.value_or(0) == 0) return;
    reading_.healthy = false;
    reading_.failures.push_back(std::to_string(*reading_.ecc_uncorrected) + " uncorrected memory errors since the driver was loaded");
  }

  [[nodiscard]] std::vector<KfdNode> nodes() const {
    std::vector<KfdNode> found;
    const auto names = root_.list(kNodes, kMostNodes);
    if (!names) return found;
    for (const auto& name : *names) {
      const std::string path = std::string(kNodes) + "/" + name;
      const auto text = root_.read(path + "/properties", 16'384);
      const auto gpu_id = root_.read_u64(path + "/gpu_id");
      if (!text || !gpu_id || *gpu_id == 0) continue;
      const auto location = property(*text, "location_id");
      if (!location || amd_address(property(*text, "domain").value_or(0), *location) != reading_.pci_address) continue;
      found.push_back({path, *gpu_id});
    }
    return found;
  }

  void read_partitions() {
    const auto mode = line("current_compute_partition");
    if (!mode.empty()) reading_.cut = reading_.cut_next = mode != "SPX";
    const auto parts = nodes();
    read_processes(parts);
    if (!reading_.cut.value_or(false)) return;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      auto& partition = reading_.partitions.emplace_back();
      partition.name = mode + " partition " + std::to_string(i);
      partition.memory_total_bytes = bank_bytes(parts[i].path);
    }
  }

  /// Memory of a node: the sum of its banks. Partitions that share their memory show none.
  [[nodiscard]] std::optional<std::uint64_t> bank_bytes(const std::string& node) const {
    const auto banks = root_.list(node + "/mem_banks", 64);
    std::uint64_t sum = 0;
    for (const auto& bank : banks ? *banks : std::vector<std::string>()) {
      const auto text = root_.read(node + "/mem_banks/" + bank + "/properties", 16'384);
      const auto bytes = text ? property(*text, "size_in_bytes") : std::nullopt;
      if (bytes && *bytes <= kMostBytes) sum += *bytes;
    }
    if (sum == 0) return std::nullopt;
    return sum;
  }

  /// Processes with memory on the card; unknown where KFD does not show processes.
  void read_processes(const std::vector<KfdNode>& parts) {
    const auto processes = root_.list(kProcesses, kMostProcesses);
    if (!processes || parts.empty()) return;
    std::uint32_t held = 0;
    for (const auto& process : *processes) {
      held += std::ranges::any_of(parts, [&](const KfdNode& node) {
        const auto bytes = root_.read_u64(std::string(kProcesses) + "/" + process + "/vram_" + std::to_string(node.gpu_id));
        return bytes && *bytes > 0;
      });
    }
    reading_.compute_processes = held;
  }

  const HostRoot& root_;
  DeviceReading& reading_;
  std::string folder_;
  bool silent_ = false;  ///< a file is there and the driver cannot fill it
};

class AmdBackend final : public DeviceBackend {
 public:
  explicit AmdBackend(HostRoot root) : root_(std::move(root)) {}

  [[nodiscard]] const char* name() const override { return "amdgpu"; }
  [[nodiscard]] std::uint16_t pci_vendor() const override { return 0x1002; }

  Result<DriverFacts> open() override {
    if (!root_.exists(kDriver)) return Error{ErrorCode::kAbsent, std::string(kDriver) + ": the driver is not loaded"};
    DriverFacts facts;
    if (const auto version = root_.read_line("sys/module/amdgpu/version")) facts.driver_version = *version;
    return facts;
  }

  Result<DeviceList> list() override {
    const auto names = root_.list(kDriver);
    if (!names) return names.error();
    std::vector<std::string> addresses;
    for (const auto& name : *names) {
      if (is_address(name) && addresses.size() < kMostDevices) addresses.push_back(name);
    }
    cards_ = amd_cards(root_, addresses);
    DeviceList list;
    for (const auto& card : cards_) list.pci_addresses.push_back(card.first);
    return list;
  }

  DeviceReading read(const std::string& pci_address) override {
    const auto card = cards_.find(pci_address);
    std::vector<DeviceReading> dies;
    for (const auto& die : card == cards_.end() ? std::vector{pci_address} : card->second) {
      auto& reading = dies.emplace_back();
      reading.pci_address = die;
      Card(root_, reading).read();
    }
    return join_dies(dies);
  }

  void close() override { cards_.clear(); }

 private:
  HostRoot root_;
  std::map<std::string, std::vector<std::string>> cards_;  ///< addresses of a card's dies, by the first
};

}  // namespace

std::unique_ptr<DeviceBackend> make_amd_backend(HostRoot root) {
  return std::make_unique<AmdBackend>(std::move(root));
}

}  // namespace capmap
