// Huawei Ascend: what DCMI says of each card. See dcmi_api.hpp for where its declarations come from. A card of several chips (Ascend 910C,
// Atlas 300I Duo) is one device, its chips are dies under it.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "agent/probe/devices/dcmi_api.hpp"
#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/join_readings.hpp"

namespace capmap {
namespace {

using dcmi::Api;

constexpr std::uint64_t kMostBytes = 1ULL << 50, kMib = 1ULL << 20U, kKib = 1ULL << 10U;
constexpr std::uint64_t kMostMib = 4ULL << 20U;  ///< no chip has 4 TiB: a larger size is in KB
constexpr int kMostDeciwatts = 200'000, kMostCelsius = 200;
constexpr unsigned kMostMhz = 20'000, kMostVirtual = 32;

struct Chip {
  int card = 0, number = 0;
  std::string pci_address;
};

/// The calls on one chip, into a reading of its own. Stops asking once it is lost.
class ChipReader {
 public:
  ChipReader(const Api& api, const Chip& chip, DeviceReading& reading) : api_(api), chip_(chip), reading_(reading) {}

  void read() {
    read_health();
    read_identity();
    read_memory();
    read_load();
    read_errors();
    read_virtual_devices();
    if (gone_) reading_.healthy = false;
  }

 private:
  /// True when a value came. What is not offered stays absent without a word; anything else is told.
  bool good(int code, const char* what) {
    if (code == dcmi::kSuccess) return true;
    if (code == dcmi::kNotSupported || code == dcmi::kInvalidParameter || code == dcmi::kNotInContainer) return false;
    if (code == dcmi::kDeviceNotExist || code == dcmi::kNotReady) {
      if (!gone_) reading_.failures.push_back(dcmi::to_words(code));
      gone_ = true;
    } else {
      reading_.failures.push_back(std::string(what) + ": " + dcmi::to_words(code));
    }
    return false;
  }

  template <class... Parameters, class... Arguments>
  bool call(int (*function)(int, int, Parameters...), const char* what, Arguments... arguments) {
    return function != nullptr && !gone_ && good(function(chip_.card, chip_.number, arguments...), what);
  }

  template <class Number>
  std::optional<std::uint32_t> in_bounds(Number value, Number most, const char* what) {
    if (std::cmp_greater_equal(value, 0) && value <= most) return static_cast<std::uint32_t>(value);
    reading_.failures.push_back(std::string(what) + ": " + std::to_string(value) + " has no meaning");
    return std::nullopt;
  }

  void read_health() {
    unsigned health = 0;
    if (!call(api_.health, "health", &health)) return;
    reading_.healthy = health <= 1;
    if (health == dcmi::kHealthGone) {
      reading_.failures.emplace_back("the chip is not there or has not started");
    } else if (health != 0) {
      constexpr std::array kWords = {"", "a minor", "a major", "a critical"};
      reading_.failures.push_back(health < kWords.size() ? std::string("the driver tells ") + kWords[health] + " fault"
                                                         : "health: " + std::to_string(health) + " has no meaning");
      if (health >= kWords.size()) reading_.healthy.reset();
    }
  }

  void read_identity() {
    dcmi::PcieInfoAll all{};
    dcmi::PcieInfo older{};
    if (call(api_.pcie_info_all, "identity", &all)) {
      set_pci_id(all.vendor_id, all.device_id);
    } else if (call(api_.pcie_info, "identity", &older)) {
      set_pci_id(older.vendor_id, older.device_id);
    }
    dcmi::ChipInfo chip{};
    if (!call(api_.chip_info, "name", &chip)) return;
    const auto text = [](const auto& bytes) {
      const auto* begin = reinterpret_cast<const char*>(bytes);
      return std::string(begin, strnlen(begin, sizeof bytes));
    };
    const auto type = text(chip.type), name = text(chip.name);
    reading_.name = type.empty() || name.starts_with(type) ? name : type + " " + name;
  }

  void set_pci_id(unsigned vendor, unsigned device) {
    if (vendor == 0 || vendor > 0xFFFF || device == 0 || device > 0xFFFF) return;
    std::array<char, 16> id{};
    std::snprintf(id.data(), id.size(), "%04x:%04x", vendor, device);
    reading_.pci_id = id.data();
  }

  void set_memory(std::uint64_t total, std::optional<std::uint64_t> used, std::uint64_t unit) {
    if (total == 0 || total > kMostBytes / unit || used.value_or(0) > total) {
      reading_.failures.push_back("memory: " + std::to_string(used.value_or(0)) + " of " + std::to_string(total) + " has no meaning");
      return;
    }
    reading_.memory_total_bytes = total * unit;
    if (used) reading_.memory_used_bytes = *used * unit;
  }

  void read_memory() {
    dcmi::HbmInfo hbm{};
    if (call(api_.hbm, "memory", &hbm) && hbm.size > 0) {
      hbm_ = true;
      return set_memory(hbm.size, hbm.used, hbm.size < kMostMib ? kMib : kKib);
    }
    dcmi::MemoryInfo memory{};
    if (!call(api_.memory, "memory", &memory)) return;
    const bool told = memory.available > 0 && memory.available <= memory.size;
    set_memory(memory.size, told ? std::optional<std::uint64_t>(memory.size - memory.available) : std::nullopt, kMib);
  }

  void read_load() {
    unsigned percent = 0;
    if (call(api_.utilization, "utilization", dcmi::kUtilizationWhole, &percent) ||
        call(api_.utilization, "utilization", dcmi::kUtilizationAiCore, &percent)) {
      if (const auto busy = in_bounds(percent, 100U, "utilization")) reading_.busy_permille = *busy * 10;
    }
    int deciwatts = 0, celsius = 0;
    if (call(api_.power, "power", &deciwatts)) {
      if (const auto power = in_bounds(deciwatts, kMostDeciwatts, "power")) reading_.power_milliwatts = *power * 100;
    }
    if (call(api_.temperature, "temperature", &celsius)) {
      reading_.temperature_celsius = in_bounds(celsius, kMostCelsius, "temperature");
    }
    unsigned mhz = 0;
    if (call(api_.frequency, "clock", dcmi::kClockAiCore, &mhz)) reading_.core_mhz = in_bounds(mhz, kMostMhz, "clock");
    if (call(api_.frequency, "clock", hbm_ ? dcmi::kClockHbm : dcmi::kClockDdr, &mhz)) {
      reading_.memory_mhz = in_bounds(mhz, kMostMhz, "clock");
    }
    std::array<dcmi::ProcessMemory, 4 * dcmi::kMostProcesses> processes{};  // an older library may not look at the limit
    int count = dcmi::kMostProcesses;
    if (call(api_.processes, "processes", processes.data(), &count)) {
      reading_.compute_processes = in_bounds(count, static_cast<int>(processes.size()), "processes");
    }
  }

  void read_errors() {
    dcmi::EccInfo ecc{};
    if (!call(api_.ecc, "ecc", hbm_ ? dcmi::kMemoryHbm : dcmi::kMemoryDdr, &ecc) || ecc.enabled == 0 || ecc.double_bit == 0) return;
    reading_.healthy = false;
    reading_.failures.push_back(std::to_string(ecc.double_bit) + " uncorrected memory errors since the driver was loaded");
  }

  void read_virtual_devices() {
    dcmi::VirtualDevices all{};
    unsigned size = sizeof all;
    if (!call(api_.info, "virtual NPUs", dcmi::kVirtualDevices, unsigned{dcmi::kVirtualTotal}, static_cast<void*>(&all), &size)) return;
    const auto count = in_bounds(all.count, kMostVirtual, "virtual NPUs");
    if (!count) return;
    reading_.cut = reading_.cut_next = *count > 0;
    for (unsigned i = 0; i < *count; ++i)
      reading_.partitions.push_back({.name = "vNPU " + std::to_string(all.ids[i]), .memory_total_bytes = {}, .memory_used_bytes = {}});
  }

  const Api& api_;
  const Chip& chip_;
  DeviceReading& reading_;
  bool hbm_ = false, gone_ = false;
};

class DcmiBackend final : public DeviceBackend {
 public:
  explicit DcmiBackend(std::string library) : library_(std::move(library)) {}

  [[nodiscard]] const char* name() const override { return "dcmi"; }
  [[nodiscard]] std::uint16_t pci_vendor() const override { return 0x19e5; }

  Result<DriverFacts> open() override {
    auto api = dcmi::load_api(library_);
    if (!api) return api.error();
    api_ = *api;
    if (const int code = api_.init(); code != dcmi::kSuccess) {
      return Error{code == dcmi::kNotPermitted ? ErrorCode::kDenied : ErrorCode::kUnavailable,
                   "the driver does not open: " + dcmi::to_words(code)};
    }
    DriverFacts facts;
    std::array<char, 256> text{};
    if (api_.driver_version != nullptr && api_.driver_version(text.data(), text.size()) == dcmi::kSuccess) {
      facts.driver_version.assign(text.data(), strnlen(text.data(), text.size()));
    }
    return facts;
  }

  /// A chip whose address cannot be had is told by its numbers.
  Result<DeviceList> list() override {
    std::array<int, dcmi::kMostCards> ids{};
    int count = 0;
    if (const int code = api_.card_list(&count, ids.data(), dcmi::kMostCards); code != dcmi::kSuccess) {
      return Error{ErrorCode::kUnavailable, "list of cards: " + dcmi::to_words(code)};
    }
    cards_.clear();
    DeviceList list;
    for (int i = 0; i < std::clamp(count, 0, dcmi::kMostCards); ++i) add_card(ids[static_cast<std::size_t>(i)], list.failures);
    for (const auto& card : cards_) list.pci_addresses.push_back(card.first);
    return list;
  }

  DeviceReading read(const std::string& pci_address) override {
    std::vector<DeviceReading> chips;
    const auto card = cards_.find(pci_address);
    for (const auto& chip : card == cards_.end() ? std::vector<Chip>() : card->second) {
      auto& reading = chips.emplace_back();
      reading.pci_address = chip.pci_address;
      ChipReader(api_, chip, reading).read();
    }
    if (!chips.empty()) return join_dies(chips);
    DeviceReading nothing;
    nothing.pci_address = pci_address;
    return nothing;
  }

  /// DCMI has no end of use; the library stays loaded.
  void close() override { cards_.clear(); }

 private:
  void add_card(int card, std::vector<std::string>& failures) {
    int most = 0, controller = 0, processor = 0;
    if (const int code = api_.device_ids(card, &most, &controller, &processor); code != dcmi::kSuccess) {
      failures.push_back("card number " + std::to_string(card) + ": " + dcmi::to_words(code));
      return;
    }
    std::vector<Chip> chips;
    for (int number = 0; number < std::clamp(most, 0, dcmi::kMostChips); ++number) {
      Chip chip{.card = card, .number = number, .pci_address = {}};
      if (const int code = find_address(chip); code == dcmi::kSuccess) {
        chips.push_back(std::move(chip));
      } else {
        failures.push_back("chip " + std::to_string(number) + " of card number " + std::to_string(card) + ": " + dcmi::to_words(code));
      }
    }
    if (chips.empty()) return;
    std::ranges::sort(chips, {}, &Chip::pci_address);
    const auto address = chips.front().pci_address;
    if (!cards_.emplace(address, std::move(chips)).second) failures.push_back("two cards tell the address " + address);
  }

  int find_address(Chip& chip) const {
    dcmi::PcieInfoAll all{};
    int code = api_.pcie_info_all == nullptr ? dcmi::kNotSupported : api_.pcie_info_all(chip.card, chip.number, &all);
    if (code != dcmi::kSuccess && api_.pcie_info != nullptr) {
      dcmi::PcieInfo older{};  // has no domain: domain 0
      code = api_.pcie_info(chip.card, chip.number, &older);
      all.bus = older.bus;
      all.device = older.device;
      all.function = older.function;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", static_cast<unsigned>(all.domain), all.bus & 0xFFU, all.device & 0x1FU,
                  all.function & 7U);
    chip.pci_address = text.data();
    return code;
  }

  std::string library_;
  Api api_;
  std::map<std::string, std::vector<Chip>> cards_;  ///< by the lowest PCI address of a card's chips
};

}  // namespace

std::unique_ptr<DeviceBackend> make_dcmi_backend(std::string library) {
  return std::make_unique<DcmiBackend>(std::move(library));
}

}  // namespace capmap
