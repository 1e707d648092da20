// Accelerators as NVIDIA's and AMD's tools name them beside their PCI ids: whether the chip table knows each, and never as another product.
#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "common/chip_table.hpp"
#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;

struct Told {
  std::string name;
  std::uint32_t id = 0;  ///< device and vendor, as "0x233010DE"
};

std::vector<std::string> all_of(const std::string& text, const std::regex& form) {
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at) found.push_back((*at)[1].str());
  return found;
}

/// Names and ids of a text of nvidia-smi, plain or XML; they stand in one order.
std::vector<Told> read_text(const std::string& text) {
  static const std::regex name("(?:Product Name +: |<product_name>)([^\n<]+)");
  static const std::regex id("(?:\n +Device Id +: 0x|<pci_device_id>)([0-9A-Fa-f]{8})");
  const auto names = all_of(text, name), ids = all_of(text, id);
  std::vector<Told> told;
  if (names.size() != ids.size()) return told;
  for (std::size_t i = 0; i < names.size(); ++i) told.push_back({names[i], static_cast<std::uint32_t>(std::stoul(ids[i], nullptr, 16))});
  return told;
}

}  // namespace

std::string product_of(const std::string& name) {
  static const std::regex word("(?:^|[ -])([A-Z]*[0-9]{1,4}[A-Z]*)(?= |-|$|\\])");
  const std::string product = name.substr(name.find('[') + 1);  // the whole name where it has none
  std::smatch match;
  return std::regex_search(product, match, word) ? match[1].str() : name;
}

void score_chips(const std::string& corpus, Score& score) {
  const auto chips = ChipTable::load(std::string(CAPMAP_SOURCE_DIR) + "/schemas/catalog");
  if (!chips) {
    score.fail("chip table", chips.error().what);
    return;
  }
  for (const char* folder : {"/leptonai_gpud", "/influxdata_telegraf", "/netdata_netdata", "/nvidia_gpu_exporter", "/gpustack_runtime"}) {
    for (const auto& entry : fs::recursive_directory_iterator(corpus + folder)) {
      if (!entry.is_regular_file() || entry.file_size() > (4U << 20U)) continue;
      std::set<std::pair<std::string, std::uint32_t>> seen;  // equal cards of one machine are one case
      for (const auto& told : read_text(text_of(entry.path().string()))) {
        if (!seen.insert({told.name, told.id}).second) continue;
        const auto vendor = static_cast<std::uint16_t>(told.id & 0xffffU), device = static_cast<std::uint16_t>(told.id >> 16U);
        const std::string unit = "chips/" + entry.path().filename().string() + "/" + told.name;
        const auto ours = chips->accelerator_name(vendor, device);
        score.add({unit, "accelerator_model", Source::kOtherTool, product_of(told.name), ours ? product_of(*ours) : "unknown"});
      }
    }
  }
}

}  // namespace capmap::support
