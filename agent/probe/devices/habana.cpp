// Habana Gaudi: what habanalabs says of each card in sysfs, no library: Linux, Documentation/ABI/testing/sysfs-driver-habanalabs. Memory,
// load and who holds a card are told by its library alone.
#include <algorithm>
#include <map>
#include <utility>

#include "agent/probe/devices/device_backend.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr const char* kDriver = "sys/bus/pci/drivers/habanalabs";
constexpr const char* kMinors = "sys/class/accel";
constexpr std::size_t kMostMinors = 1'024, kMostDevices = 256;
constexpr std::uint64_t kMostMilliwatts = 20'000'000, kMostMhz = 20'000;

bool is_address(const std::string& text) {
  return text.size() == 12 && text[4] == ':' && text[7] == ':' && text[10] == '.';
}

class HabanaBackend final : public DeviceBackend {
 public:
  explicit HabanaBackend(HostRoot root) : root_(std::move(root)) {}

  [[nodiscard]] const char* name() const override { return "habana"; }
  [[nodiscard]] std::uint16_t pci_vendor() const override { return 0x1da3; }

  Result<DriverFacts> open() override {
    if (!root_.exists(kDriver)) return Error{ErrorCode::kAbsent, std::string(kDriver) + ": the driver is not loaded"};
    DriverFacts facts;
    facts.never_told = "habanalabs tells memory and load of its cards to its own library alone: use is unknown";
    if (const auto version = root_.read_line("sys/module/habanalabs/version")) facts.driver_version = *version;
    return facts;
  }

  /// Cards the driver has bound, and of those the ones it has made a device for.
  Result<DeviceList> list() override {
    const auto bound = root_.list(kDriver);
    if (!bound) return bound.error();
    folders_.clear();
    const auto minors = root_.list(kMinors, kMostMinors);
    for (const auto& minor : minors ? *minors : std::vector<std::string>()) {
      const std::string folder = std::string(kMinors) + "/" + minor + "/device/";
      const auto address = root_.read_line(folder + "pci_addr");
      if (address && is_address(*address)) folders_.emplace(*address, folder);  // its control device says the same
    }
    DeviceList list;
    for (const auto& name : *bound) {
      if (!is_address(name) || list.pci_addresses.size() == kMostDevices) continue;
      if (folders_.contains(name)) {
        list.pci_addresses.push_back(name);
      } else {
        list.failures.push_back("device " + name + ": its driver has made no device for it in sys/class/accel");
      }
    }
    return list;
  }

  DeviceReading read(const std::string& pci_address) override {
    DeviceReading reading;
    reading.pci_address = pci_address;
    const auto folder = folders_.find(pci_address);
    if (folder == folders_.end()) return reading;
    const std::string device = "sys/bus/pci/devices/" + pci_address + "/";
    const auto vendor = root_.read_line(device + "vendor"), product = root_.read_line(device + "device");
    if (vendor && product && vendor->starts_with("0x") && product->starts_with("0x")) {
      reading.pci_id = vendor->substr(2) + ":" + product->substr(2);
    }
    if (const auto type = root_.read_line(folder->second + "device_type")) reading.name = *type;
    read_health(folder->second, reading);
    if (const auto clock = number(folder->second + "clk_cur_freq_mhz", kMostMhz, reading)) reading.core_mhz = to_u32(*clock);
    if (const auto limit = number(folder->second + "max_power", kMostMilliwatts, reading)) reading.power_limit_milliwatts = to_u32(*limit);
    return reading;
  }

  void close() override { folders_.clear(); }

 private:
  void read_health(const std::string& folder, DeviceReading& reading) const {
    const auto status = root_.read_line(folder + "status");
    if (!status) return;
    reading.healthy = *status == "Operational";
    if (!*reading.healthy) reading.failures.push_back("its driver says: " + status->substr(0, 80));
  }

  std::optional<std::uint64_t> number(const std::string& path, std::uint64_t most, DeviceReading& reading) const {
    const auto value = root_.read_u64(path);
    if (value && *value <= most) return *value;
    if (value) reading.failures.push_back(path + ": " + std::to_string(*value) + " has no meaning");
    if (!value && value.error().code == ErrorCode::kMalformed) reading.failures.push_back(value.error().what);
    return std::nullopt;
  }

  HostRoot root_;
  std::map<std::string, std::string> folders_;  ///< attributes, by PCI address
};

}  // namespace

std::unique_ptr<DeviceBackend> make_habana_backend(HostRoot root) {
  return std::make_unique<HabanaBackend>(std::move(root));
}

}  // namespace capmap
