// NVIDIA cards as nvidia-smi describes them, given to the probe's back end through the false library: names, units and what is not offered.
// And InfiniBand ports as ibstat describes them, put into sysfs as the kernel shows them.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <utility>

#include "agent/probe/devices/device_backend.hpp"
#include "tests/support/corpus.hpp"
#include "tests/support/false_cards.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
constexpr const char* kUnknown = "unknown";

/// What is told of one card, and how: plain text and XML of one program.
struct Field {
  const char* key;    ///< of the false library's file
  const char* score;  ///< name in the score
  const char* form;   ///< the value is its first group
  double unit;        ///< times this is the library's unit; 0 = a text
};
constexpr std::array<Field, 8> kFields = {{
    {"name", "card_name", "(?:Product Name +: |<product_name>)([^\n<]+)", 0},
    {"uuid", "card_uuid", "(?:GPU UUID +: |<uuid>)([^\n<]+)", 0},
    {"total", "card_memory", "(?:FB Memory Usage\n +Total +: |<fb_memory_usage>\\s*<total>)([0-9]+) MiB", 1'048'576},
    {"used", "card_used",
     "(?:FB Memory Usage\n(?: +(?:Total|Reserved) [^\n]*\n)* +Used +: "
     "|<fb_memory_usage>[^/]*</total>\\s*(?:<reserved>[^/]*</reserved>\\s*)?<used>)([0-9]+) MiB",
     1'048'576},
    {"gpu", "card_busy", "(?:Utilization\n +(?:Gpu|GPU) +: |<gpu_util>)([0-9]+) %", 1},
    {"power", "card_power", "(?:(?:Average )?Power Draw +: |<(?:average_)?power_draw>)([0-9.]+) W", 1'000},
    {"limit", "card_power_limit", "(?:Enforced Power Limit +: |Current Power Limit +: |<(?:enforced|current)_power_limit>)([0-9.]+) W",
     1'000},
    {"temp", "card_temperature", "(?:GPU Current Temp +: |<gpu_temp>)([0-9]+) C", 1},
}};

using Told = std::map<std::string, std::string>;  ///< key -> value in the library's unit; absent = "N/A"

/// The cards of a text: each from its head to the next.
std::vector<Told> cards_of(const std::string& text) {
  static const std::regex head("(?:\nGPU |<gpu id=\")([0-9A-Fa-f]{8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\\.[0-9])");
  std::vector<Told> cards;
  for (std::sregex_iterator at(text.begin(), text.end(), head), end; at != end;) {
    Told card = {{"pci", (*at)[1].str()}};
    const auto begin = static_cast<std::size_t>(at->position());
    ++at;
    const std::string part = text.substr(begin, at == end ? std::string::npos : static_cast<std::size_t>(at->position()) - begin);
    for (const auto& field : kFields) {
      std::smatch match;
      if (!std::regex_search(part, match, std::regex(field.form))) continue;
      card[field.key] = field.unit == 0 ? match[1].str() : std::to_string(std::llround(std::stod(match[1].str()) * field.unit));
    }
    cards.push_back(std::move(card));
  }
  return cards;
}

template <class Number>
std::string text_or_unknown(const std::optional<Number>& value, std::uint64_t divided_by = 1) {
  return value ? std::to_string(*value / divided_by) : kUnknown;
}

Told told_by(const DeviceReading& reading) {
  const auto text = [](const std::string& value) { return value.empty() ? kUnknown : value; };
  return {{"name", text(reading.name)},
          {"uuid", text(reading.uuid)},
          {"total", text_or_unknown(reading.memory_total_bytes)},
          {"used", text_or_unknown(reading.memory_used_bytes)},
          {"gpu", text_or_unknown(reading.busy_permille, 10)},
          {"power", text_or_unknown(reading.power_milliwatts)},
          {"limit", text_or_unknown(reading.power_limit_milliwatts)},
          {"temp", text_or_unknown(reading.temperature_celsius)}};
}

/// "00000000:0A:00.0" as the kernel writes it.
std::string kernel_address(std::string address) {
  std::ranges::transform(address, address.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return address.substr(4);
}

void score_moment(const std::vector<Told>& cards, const std::string& unit, Score& score) {
  FalseCards played(0);
  played.set("devices", std::to_string(cards.size()));
  for (std::size_t i = 0; i < cards.size(); ++i) {
    for (const auto& [key, value] : cards[i]) played.set(std::to_string(i) + "." + key, value);
  }
  setenv("CAPMAP_FALSE_NVML", played.path().c_str(), 1);
  const auto nvml = make_nvml_backend(CAPMAP_BINARY_DIR "/libcapmap_false_nvml.so");
  const auto opened = nvml->open();
  const auto list = nvml->list();
  if (!opened || !list) return score.fail(unit, "the library was not opened");
  std::vector<std::string> addresses;
  for (const auto& card : cards) addresses.push_back(kernel_address(card.at("pci")));
  compare_names(score, unit, "cards", Source::kOtherTool, addresses, list->pci_addresses);
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const auto got = told_by(nvml->read(addresses[i]));
    for (const auto& field : kFields) {
      const auto wanted = cards[i].find(field.key);
      score.add({unit + "/" + addresses[i], field.score, Source::kOtherTool, wanted == cards[i].end() ? kUnknown : wanted->second,
                 got.at(field.key)});
    }
  }
  nvml->close();
}

/// A text may show its cards several times, idle and at work.
void score_smi(const std::string& file, const std::string& unit, Score& score) {
  std::vector<Told> moment;
  unsigned number = 0;
  for (auto& card : cards_of(text_of(file))) {
    const bool again = std::ranges::any_of(moment, [&](const Told& other) { return other.at("pci") == card.at("pci"); });
    if (again) score_moment(std::exchange(moment, {}), unit + "#" + std::to_string(++number), score);
    moment.push_back(std::move(card));
  }
  if (!moment.empty()) score_moment(moment, unit + "#" + std::to_string(++number), score);
}

/// A channel adapter with one port, in the kernel's words.
void put_port(const std::string& root, const std::string& name, const std::string& state, const std::string& physical,
              const std::string& rate, const std::string& layer) {
  static const std::map<std::string, std::string> states = {{"Down", "1: DOWN"}, {"Initializing", "2: INIT"}, {"Active", "4: ACTIVE"}};
  static const std::map<std::string, std::string> links = {{"Polling", "2: Polling"}, {"Disabled", "3: Disabled"}, {"LinkUp", "5: LinkUp"}};
  const std::string port = root + "/sys/class/infiniband/" + name + "/ports/1/";
  const auto word = [](const auto& words, const std::string& key) { return words.contains(key) ? words.at(key) : "0: " + key; };
  put_file(port + "state", word(states, state) + "\n");
  put_file(port + "phys_state", word(links, physical) + "\n");
  put_file(port + "rate", rate + " Gb/sec (4X)\n");
  put_file(port + "link_layer", layer + "\n");
}

/// The network device that speaks for a RoCE port, under the adapter's own name: ibstat does not tell it.
void put_interface(const std::string& root, const std::string& name, unsigned number, bool up, const std::string& rate) {
  const std::string address = "0000:" + std::to_string(10 + number) + ":00.0", device = "sys/devices/pci/" + address;
  put_pci(root, {address, "020000", "15b3", "1021", "", "", {}});
  put_file(root + "/" + device + "/infiniband/" + name + "/node_type", "1: CA\n");
  put_link(root, "sys/class/infiniband/" + name + "/device", device);
  const std::string folder = "sys/class/net/" + name;
  put_file(root + "/" + folder + "/type", "1\n");
  put_file(root + "/" + folder + "/carrier", up ? "1\n" : "0\n");
  put_file(root + "/" + folder + "/operstate", up ? "up\n" : "down\n");
  put_file(root + "/" + folder + "/speed", up ? rate + "000\n" : "-1\n");
  put_link(root, folder + "/device", device);
}

void score_ibstat(const std::string& file, const std::string& unit, Score& score) {
  static const std::regex form(
      "CA '([^']+)'[^']*?Port 1:\\s+State: (\\S+)\\s+Physical state: (\\S+)\\s+Rate: ([0-9]+)[^']*?Link layer: (\\S+)");
  const std::string text = text_of(file);
  const MemoryFolder folder;
  std::vector<std::string> wanted, got;
  std::map<std::string, std::string> rates;
  for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at) {
    put_port(folder.path(), (*at)[1], (*at)[2], (*at)[3], (*at)[4], (*at)[5]);
    const bool up = (*at)[2] == "Active";
    if ((*at)[5] == "Ethernet") put_interface(folder.path(), (*at)[1], static_cast<unsigned>(wanted.size()), up, (*at)[4]);
    wanted.push_back((*at)[1]);
    rates[wanted.back()] = up ? (*at)[4].str() + "000" : "null";
  }
  if (wanted.empty()) return;
  const auto report = probe_root(unit, folder.path(), score);
  if (!report.is_object()) return;
  for (const auto& nic : report["network"]) {
    const auto name = nic["name"].get<std::string>();
    got.push_back(name);
    if (rates.contains(name)) score.add({unit + "/" + name, "nic_mbps", Source::kOtherTool, rates[name], nic["speed_mbps"].dump()});
  }
  compare_names(score, unit, "nics", Source::kOtherTool, wanted, got);
}

}  // namespace

void score_cards(const std::string& corpus, Score& score) {
  std::set<std::string> texts, ports;  // in one order on every file system
  for (const char* folder : {"/leptonai_gpud", "/influxdata_telegraf", "/netdata_netdata", "/nvidia_gpu_exporter"}) {
    for (const auto& entry : fs::recursive_directory_iterator(corpus + folder)) {
      const auto name = entry.path().filename().string();
      if (!entry.is_regular_file() || entry.file_size() > (4U << 20U)) continue;
      (name.starts_with("ibstat.") ? ports : texts).insert(entry.path().string());
    }
  }
  for (const auto& file : texts) score_smi(file, "cards/" + fs::path(file).filename().string(), score);
  for (const auto& file : ports) score_ibstat(file, "ib/" + fs::path(file).filename().string(), score);
}

}  // namespace capmap::support
