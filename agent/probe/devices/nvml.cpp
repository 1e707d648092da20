// NVIDIA: which cards the management library shows. See nvml_api.hpp for where its declarations come from.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/nvml_card.hpp"

namespace capmap {
namespace {

using nvml::Api;
using nvml::Device;

constexpr unsigned kMostDevices = 256;

/// "0000:17:00.0" of the numbers: the text has eight digits of domain in some versions and four in others.
std::string address_of(const nvml::PciInfo& info) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.0", info.domain, info.bus & 0xFFU, info.device & 0x1FU);
  return text.data();
}

class NvmlBackend final : public DeviceBackend {
 public:
  explicit NvmlBackend(std::string library) : library_(std::move(library)) {}

  [[nodiscard]] const char* name() const override { return "nvml"; }
  [[nodiscard]] std::uint16_t pci_vendor() const override { return 0x10de; }

  Result<DriverFacts> open() override {
    auto api = nvml::load_api(library_);
    if (!api) return api.error();
    api_ = *api;
    if (const int code = api_.init(); code != nvml::kSuccess) {
      const auto kind = code == nvml::kDriverNotLoaded ? ErrorCode::kAbsent : ErrorCode::kUnavailable;
      return Error{code == nvml::kNoPermission ? ErrorCode::kDenied : kind, nvml::to_words(code)};
    }
    DriverFacts facts;
    std::array<char, nvml::kNameBytes> text{};
    if (api_.driver_version != nullptr && api_.driver_version(text.data(), nvml::kNameBytes) == nvml::kSuccess) {
      facts.driver_version.assign(text.data(), strnlen(text.data(), text.size()));
    }
    int cuda = 0;
    if (api_.cuda_version != nullptr && api_.cuda_version(&cuda) == nvml::kSuccess && cuda > 0) {
      facts.cuda_version = std::to_string(cuda / 1'000) + "." + std::to_string(cuda % 1'000 / 10);
    }
    return facts;
  }

  /// A card whose handle cannot be had has no address to show it under, so it is told by its number.
  Result<DeviceList> list() override {
    unsigned count = 0;
    if (const int code = api_.count(&count); code != nvml::kSuccess) return Error{ErrorCode::kUnavailable, nvml::to_words(code)};
    cards_.clear();
    DeviceList list;
    for (unsigned i = 0; i < std::min(count, kMostDevices); ++i) {
      Device device = nullptr;
      nvml::PciInfo info{};
      int code = api_.by_index(i, &device);
      if (code == nvml::kSuccess) code = api_.pci_info(device, &info);
      if (code == nvml::kSuccess) {
        cards_.emplace(address_of(info), device);
      } else {
        list.failures.push_back("device number " + std::to_string(i) + ": " + nvml::to_words(code));
      }
    }
    for (const auto& card : cards_) list.pci_addresses.push_back(card.first);
    return list;
  }

  DeviceReading read(const std::string& pci_address) override {
    DeviceReading reading;
    reading.pci_address = pci_address;
    const auto card = cards_.find(pci_address);
    if (card != cards_.end()) read_nvml_card(api_, card->second, reading);
    return reading;
  }

  void close() override {
    api_.shutdown();
    cards_.clear();
  }

 private:
  std::string library_;
  Api api_;
  std::map<std::string, Device> cards_;  ///< by PCI address
};

}  // namespace

std::unique_ptr<DeviceBackend> make_nvml_backend(std::string library) {
  return std::make_unique<NvmlBackend>(std::move(library));
}

}  // namespace capmap
