// AMD cards as rocm-smi describes them, given to the probe's back end through the false library: units, and what is not offered.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/probe/devices/device_backend.hpp"
#include "tests/support/corpus.hpp"
#include "tests/support/false_cards.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
constexpr const char* kUnknown = "unknown";

/// What rocm-smi prints of a card, by name, and how the library tells it.
struct Field {
  const char* key;    ///< of the false library's file
  const char* score;  ///< name in the score
  const char* name;
  double unit;  ///< times this is the library's unit
};
constexpr std::array<Field, 6> kFields = {{
    {"total", "card_memory", "VRAM Total Memory (B)", 1},
    {"used", "card_used", "VRAM Total Used Memory (B)", 1},
    {"busy", "card_busy", "GPU use (%)", 1},
    {"average", "card_power", "Average Graphics Package Power (W)", 1'000'000},
    {"cap", "card_power_limit", "Max Graphics Package Power (W)", 1'000'000},
    {"edge", "card_temperature", "Temperature (Sensor edge) (C)", 1'000},
}};

std::string word(const nlohmann::json& card, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (card.contains(name) && card[name].is_string() && !card[name].get<std::string>().starts_with("N/A")) return card[name];
  }
  return "";
}

template <class Number>
std::string told(const std::optional<Number>& value, double divided_by = 1) {
  return value ? std::to_string(std::llround(static_cast<double>(*value) / divided_by)) : kUnknown;
}

std::string got_of(const DeviceReading& reading, const std::string& key) {
  if (key == "total") return told(reading.memory_total_bytes);
  if (key == "used") return told(reading.memory_used_bytes);
  if (key == "busy") return told(reading.busy_permille, 10);
  if (key == "average") return told(reading.power_milliwatts, 1'000);
  if (key == "cap") return told(reading.power_limit_milliwatts, 1'000);
  return told(reading.temperature_celsius);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void score_file(const std::string& file, const std::string& unit, Score& score) {
  const auto all = nlohmann::json::parse(text_of(file), nullptr, false);
  if (!all.is_object()) return score.fail(unit, "is no JSON");
  FalseRocm played(0);
  std::vector<std::string> addresses;
  std::vector<nlohmann::json> cards;
  for (const auto& [name, card] : all.items()) {
    const auto address = name.starts_with("card") ? lower(word(card, {"PCI Bus"})) : "";
    if (address.empty()) continue;
    const auto prefix = std::to_string(cards.size()) + ".";
    addresses.push_back(address);
    cards.push_back(card);
    played.set(prefix + "pci", address);
    played.set(prefix + "id", "1002:" + word(card, {"GPU ID", "Device ID"}).substr(2));
    played.set(prefix + "name", word(card, {"Card series", "Card Series"}));
    for (const auto& field : kFields) {
      const auto value = word(card, {field.name});
      if (!value.empty()) played.set(prefix + field.key, std::to_string(std::llround(std::stod(value) * field.unit)));
    }
  }
  played.set("devices", std::to_string(cards.size()));
  setenv("CAPMAP_FALSE_ROCM_SMI", played.path().c_str(), 1);
  const MemoryFolder folder;
  const auto rocm = make_rocm_smi_backend(HostRoot(folder.path()), CAPMAP_BINARY_DIR "/libcapmap_false_rocm_smi.so");
  const auto opened = rocm->open();
  const auto list = rocm->list();
  if (!opened || !list) return score.fail(unit, "the library was not opened");
  compare_names(score, unit, "cards", Source::kOtherTool, addresses, list->pci_addresses);
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const auto reading = rocm->read(addresses[i]);
    const auto place = unit + "/" + addresses[i];
    const auto series = word(cards[i], {"Card series", "Card Series"});
    score.add({place, "card_name", Source::kOtherTool, series.starts_with("0x") ? "" : series, reading.name});
    for (const auto& field : kFields) {
      const auto value = word(cards[i], {field.name});
      const auto wanted = value.empty() ? kUnknown : std::to_string(std::llround(std::stod(value)));
      score.add({place, field.score, Source::kOtherTool, wanted, got_of(reading, field.key)});
    }
  }
  rocm->close();
}

}  // namespace

void score_rocm_smi(const std::string& corpus, Score& score) {
  std::set<std::string> files;  // in one order on every file system
  for (const auto& entry : fs::recursive_directory_iterator(corpus + "/influxdata_telegraf")) {
    if (entry.path().string().find("rocm_smi") != std::string::npos && entry.path().extension() == ".json") files.insert(entry.path());
  }
  for (const auto& file : files) score_file(file, "rocm-smi/" + fs::path(file).stem().string(), score);
}

}  // namespace capmap::support
