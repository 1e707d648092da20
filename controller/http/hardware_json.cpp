#include "controller/http/hardware_json.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/accelerator_vendor.hpp"
#include "controller/http/words.hpp"

namespace capmap {
namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <class Enum, std::size_t N>
Json word_or_null(Enum value, const std::array<const char*, N>& names) {
  const auto i = static_cast<std::size_t>(value);
  return i == 0 || i >= N ? Json(nullptr) : Json(names[i]);
}

std::string pci_text(std::uint16_t vendor, std::uint16_t device) {
  std::array<char, 12> text{};
  std::snprintf(text.data(), text.size(), "%04x:%04x", unsigned{vendor}, unsigned{device});
  return text.data();
}

std::string times(std::uint32_t count, const std::string& what) {
  return std::to_string(count) + " x " + (what.empty() ? "?" : what);
}

template <class Rows, class Text>
Json texts_of(const Rows& rows, Text text) {
  Json list = Json::array();
  for (const auto& row : rows) list.push_back(times(row.count, text(row)));
  return list;
}

}  // namespace

void add_device_rows(Json& row, const HardwareRow& hardware) {
  const auto& shape = hardware.shape;
  Json accelerators = Json::array(), disks = Json::array(), nics = Json::array();
  for (std::size_t i = 0; i < shape.accelerators.size(); ++i) {
    const auto& card = shape.accelerators[i];
    accelerators.push_back({{"kind", word_or_null(card.kind, kAcceleratorKindWords)},
                            {"vendor", vendor_word(card.vendor_id)},
                            {"model", hardware.accelerator_names[i]},
                            {"pci_id", pci_text(card.vendor_id, card.device_id)},
                            {"memory_bytes", or_null(card.memory_bytes)},
                            {"dies", card.dies},
                            {"count", card.count}});
  }
  for (const auto& disk : shape.disks) {
    disks.push_back({{"media", word_or_null(disk.media, kMediaWords)},
                     {"model", text_or_null(disk.model)},
                     {"bytes", or_null(disk.bytes)},
                     {"count", disk.count}});
  }
  for (const auto& nic : shape.nics) {
    nics.push_back({{"type", word_or_null(nic.type, kNicTypeWords)},
                    {"pci_id", pci_text(nic.vendor_id, nic.device_id)},
                    {"speed_mbps", or_null(nic.speed_mbps)},
                    {"rdma", nic.rdma},
                    {"count", nic.count}});
  }
  row["accelerators"] = std::move(accelerators);
  row["disks"] = std::move(disks);
  row["nics"] = std::move(nics);
}

void add_device_texts(Json& row, const HardwareRow& hardware) {
  const auto& shape = hardware.shape;
  Json accelerators = Json::array(), unrated = Json::array();
  for (std::size_t i = 0; i < shape.accelerators.size(); ++i) {
    accelerators.push_back(times(shape.accelerators[i].count, hardware.accelerator_names[i]));
  }
  for (const auto& part : hardware.peak.unrated) unrated.push_back(part.what + ": " + part.why);
  row["accelerators_text"] = std::move(accelerators);
  row["disks_text"] = texts_of(shape.disks, [](const DiskShape& disk) {
    return (disk.model.empty() ? std::string(kMediaWords[static_cast<std::size_t>(disk.media)]) : disk.model) +
           (disk.bytes ? " of " + std::to_string(*disk.bytes) + " bytes" : "");
  });
  row["nics_text"] = texts_of(shape.nics, [](const NicShape& nic) {
    return std::string(kNicTypeWords[static_cast<std::size_t>(nic.type)]) +
           (nic.speed_mbps ? " of " + std::to_string(*nic.speed_mbps) + " Mbit/s" : "");
  });
  row["unrated_text"] = std::move(unrated);
}

}  // namespace capmap
