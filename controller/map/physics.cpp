#include "controller/map/physics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace capmap {
namespace {

constexpr std::uint64_t kGib = 1ULL << 30, kTb = 1'000'000'000'000;
constexpr std::uint32_t kMostCores = 512, kMostMemoryGib = 16'384;
constexpr std::uint32_t kLeastBaseMhz = 200, kMostBaseMhz = 6'000, kMostMaxMhz = 8'000;
constexpr std::uint32_t kMostPortMbps = 1'600'000;
constexpr std::uint64_t kMostNvme = 256 * kTb, kMostSsd = 128 * kTb, kMostHdd = 64 * kTb, kMostArray = 4'000 * kTb;

/// The largest chip of a microarchitecture, and the memory one package of it takes at most.
struct Chip {
  const char* microarchitecture;
  const char* name;  ///< words of its marketing name that this row is of; empty: all others
  std::uint32_t cores, memory_gib;
  const char* largest;
};
constexpr std::array kChips = {
    Chip{"Nehalem", "", 8, 1'024, "Xeon X7560"},
    Chip{"Westmere", "", 10, 2'048, "Xeon E7-8870"},
    Chip{"Sandy Bridge", "", 8, 768, "Xeon E5-2690"},
    Chip{"Ivy Bridge", "", 15, 1'536, "Xeon E7-8890 v2"},
    Chip{"Haswell", "", 18, 1'536, "Xeon E7-8890 v3"},
    Chip{"Broadwell", "", 24, 3'072, "Xeon E7-8890 v4"},
    Chip{"Knights Landing", "", 72, 512, "Xeon Phi 7290"},
    Chip{"Knights Mill", "", 72, 512, "Xeon Phi 7295"},
    Chip{"Skylake-SP", "", 28, 1'536, "Xeon Platinum 8180M"},
    Chip{"Cascade Lake-SP", "Platinum 92", 56, 4'608, "Xeon Platinum 9282"},
    Chip{"Cascade Lake-SP", "", 28, 4'608, "Xeon Platinum 8280L"},
    Chip{"Cooper Lake", "", 28, 4'608, "Xeon Platinum 8380HL"},
    Chip{"Ice Lake-SP", "", 40, 6'144, "Xeon Platinum 8380"},
    Chip{"Sapphire Rapids", "", 60, 8'192, "Xeon Platinum 8490H"},
    Chip{"Emerald Rapids", "", 64, 8'192, "Xeon Platinum 8592+"},
    Chip{"Granite Rapids", "", 128, 12'288, "Xeon 6980P"},
    Chip{"Sierra Forest", "", 288, 4'096, "Xeon 6900E"},
    Chip{"Zen", "", 32, 2'048, "EPYC 7601"},
    Chip{"Zen 2", "", 64, 4'096, "EPYC 7H12"},
    Chip{"Zen 3", "", 64, 4'096, "EPYC 7773X"},
    Chip{"Zen 4", "EPYC 97", 128, 6'144, "EPYC 9754"},
    Chip{"Zen 4", "EPYC 96", 96, 6'144, "EPYC 9654"},
    Chip{"Zen 4", "", 128, 6'144, "EPYC 9754"},
    Chip{"Zen 5", "", 128, 9'216, "EPYC 9755"},
    Chip{"Zen 5c", "", 192, 9'216, "EPYC 9965"},
    Chip{"Dhyana", "", 32, 2'048, "Hygon C86 7185"},
    Chip{"TaiShan v110", "", 64, 2'048, "Kunpeng 920-6426"},
    Chip{"Neoverse N1", "", 128, 4'096, "Altra Max M128-30"},
    Chip{"Neoverse V1", "", 64, 4'096, "Graviton3"},
    Chip{"Neoverse N2", "", 128, 8'192, "Yitian 710"},
    Chip{"Neoverse V2", "", 96, 8'192, "Graviton4"},
    Chip{"A64FX", "", 52, 64, "A64FX"},
};

std::string text(std::uint64_t value) {
  return std::to_string(value);
}

/// `value` of `what` is over (or under) what is plausible.
Finding beyond(Doubt word, const std::string& what, std::uint64_t claimed, const std::string& plausible, const std::string& why,
               bool guest_may = false) {
  return {.word = word,
          .text = what + " is " + text(claimed) + ", " + why,
          .claimed = text(claimed),
          .plausible = plausible,
          .guest_may = guest_may};
}

/// The number before "-Core" of an AMD name; 0 = none.
std::uint32_t cores_in_name(std::string_view model) {
  const auto at = model.find("-Core");
  if (at == std::string_view::npos) return 0;
  auto first = at;
  while (first > 0 && model[first - 1] >= '0' && model[first - 1] <= '9') --first;
  std::uint32_t cores = 0;
  std::from_chars(model.data() + first, model.data() + at, cores);
  return cores;
}

const Chip* chip_of(const std::optional<std::string>& microarchitecture, const std::string& model) {
  if (!microarchitecture) return nullptr;
  for (const auto& chip : kChips) {
    if (*microarchitecture == chip.microarchitecture && model.find(chip.name) != std::string::npos) return &chip;
  }
  return nullptr;
}

void add_packages(std::vector<Finding>& found, const Shape& shape, const std::optional<std::string>& microarchitecture) {
  const auto& cpu = shape.cpu;
  const std::uint64_t packages = cpu.packages.value_or(0);
  if (packages == 0) return;
  const auto* const chip = chip_of(microarchitecture, cpu.model);
  std::uint64_t most_cores = chip != nullptr ? chip->cores : kMostCores;
  const auto of_chip = chip != nullptr ? *microarchitecture + " has at most (" + chip->largest + ")" : std::string("any chip has");
  auto why = of_chip;
  if (const auto named = cores_in_name(cpu.model); named > 0 && named < most_cores) {
    most_cores = named;
    why = "its name says";
  }
  if (cpu.cores && *cpu.cores > most_cores * packages) {
    auto many = beyond(Doubt::kCoresPerPackage, "cores", *cpu.cores, text(most_cores * packages),
                       "on " + text(packages) + " packages more than the " + text(most_cores) + " each that " + why, true);
    // Packages of different size are none: two may share a number that firmware gave them.
    many.contradicts = *cpu.cores % packages == 0;
    found.push_back(std::move(many));
  }
  const std::uint64_t most_gib = chip != nullptr ? chip->memory_gib : kMostMemoryGib;
  if (shape.memory_bytes && *shape.memory_bytes / kGib / packages > most_gib) {
    found.push_back(beyond(Doubt::kMemoryPerPackage, "memory_bytes", *shape.memory_bytes, text(most_gib * kGib * packages),
                           "on " + text(packages) + " packages more than the " + text(most_gib) + " GiB each that " +
                               (chip != nullptr ? *microarchitecture + " takes" : std::string("any chip takes")),
                           true));
  }
}

void add_clocks(std::vector<Finding>& found, const CpuShape& cpu) {
  for (const auto& kind : cpu.core_kinds) {
    if (kind.base_mhz && (*kind.base_mhz < kLeastBaseMhz || *kind.base_mhz > kMostBaseMhz)) {
      found.push_back(beyond(Doubt::kClockRange, "base_mhz", *kind.base_mhz, text(kLeastBaseMhz) + "-" + text(kMostBaseMhz),
                             "outside of what processors run at"));
    } else if (kind.max_mhz && (*kind.max_mhz > kMostMaxMhz || *kind.max_mhz < kind.base_mhz.value_or(0) / 2)) {
      found.push_back(beyond(Doubt::kClockRange, "max_mhz", *kind.max_mhz,
                             text(kind.base_mhz.value_or(kLeastBaseMhz)) + "-" + text(kMostMaxMhz), "outside of what processors reach"));
    }
  }
}

bool digits_then_letters(std::string_view word, std::size_t least_digits) {
  std::size_t digits = 0;
  while (digits < word.size() && word[digits] >= '0' && word[digits] <= '9') ++digits;
  return digits >= least_digits;
}

/// Microarchitectures, with '|' between them, that a name of this generation is of; empty: the name does not tell.
std::string_view generation_of(std::string_view model) {
  const auto after = [model](std::string_view word) {
    const auto at = model.find(word);
    if (at == std::string_view::npos) return std::string_view();
    auto rest = model.substr(at + word.size());
    return rest.substr(0, rest.find(' '));
  };
  for (const std::string_view metal : {"Platinum ", "Gold ", "Silver ", "Bronze "}) {
    const auto number = after(metal);
    if (!digits_then_letters(number, 4)) continue;
    constexpr std::array<std::string_view, 6> kScalable = {
        "", "Skylake-SP", "Cascade Lake-SP", "Ice Lake-SP|Ice Lake-D|Cooper Lake", "Sapphire Rapids", "Emerald Rapids|Sapphire Rapids"};
    const auto generation = static_cast<std::size_t>(number[1] - '0');
    return generation < kScalable.size() ? kScalable[generation] : std::string_view();
  }
  if (!after("E5-").empty() || !after("E7-").empty()) {
    if (model.find(" v2") != std::string_view::npos) return "Ivy Bridge";
    if (model.find(" v3") != std::string_view::npos) return "Haswell";
    if (model.find(" v4") != std::string_view::npos) return "Broadwell";
    return {};
  }
  const auto epyc = after("EPYC ");
  if (epyc.size() < 4 || (epyc[0] != '7' && epyc[0] != '9')) return {};
  switch (epyc[3]) {
    case '1': return epyc[0] == '7' ? "Zen" : "";
    case '2': return epyc[0] == '7' ? "Zen 2" : "";
    case '3': return epyc[0] == '7' ? "Zen 3" : "";
    case '4': return epyc[0] == '9' ? "Zen 4" : "";
    case '5': return epyc[0] == '9' ? "Zen 5|Zen 5c" : "";
    default: return {};
  }
}

void add_name(std::vector<Finding>& found, const CpuShape& cpu, const std::optional<std::string>& microarchitecture) {
  if (!microarchitecture) return;
  auto told = generation_of(cpu.model);
  if (told.empty()) return;
  const std::string all(told);
  while (!told.empty()) {
    const auto one = told.substr(0, told.find('|'));
    if (one == *microarchitecture) return;
    told.remove_prefix(std::min(told.size(), one.size() + 1));
  }
  found.push_back({.word = Doubt::kProcessorName,
                   .text = "the name \"" + cpu.model + "\" is of " + all + ", its identity " + cpu.identity + " of " + *microarchitecture,
                   .claimed = cpu.model,
                   .plausible = *microarchitecture,
                   .guest_may = true});
}

/// Cards of a form that one server holds.
std::uint32_t most_cards(const AcceleratorShape& device, const DeviceFit* fit) {
  constexpr std::uint32_t kBoard = 8, kTwoBoards = 16, kSlots = 32;
  constexpr std::uint16_t kHuawei = 0x19e5;
  const std::string_view form = fit != nullptr ? std::string_view(fit->form) : std::string_view();
  if (device.vendor_id == kHuawei) return form.find("PCIe") == 0 ? kSlots : kTwoBoards;
  if (form.starts_with("SXM4") || form.starts_with("SXM3")) return kTwoBoards;
  if (form.starts_with("SXM") || form.starts_with("OAM") || form.starts_with("APU") || form.starts_with("superchip")) return kBoard;
  return kSlots;
}

void add_card_memory(std::vector<Finding>& found, const AcceleratorShape& device, const DeviceFit& fit) {
  if (!device.memory_bytes) return;
  const auto bytes = *device.memory_bytes;
  if (fit.memory_of_none) {
    found.push_back(
        {.word = Doubt::kCardMemory,
         .text = "accelerator memory_bytes is " + text(bytes) + ", that of none of " + fit.candidates + ", which share its PCI id",
         .claimed = text(bytes),
         .plausible = fit.candidates,
         .guest_may = true});
    return;
  }
  if (!fit.memory_bytes) return;
  const auto sheet = *fit.memory_bytes * std::max(device.dies, 1U);
  const bool over = bytes / 110 > sheet / 100, under = bytes / 85 < sheet / 100;
  if (!over && !under) return;
  found.push_back(beyond(Doubt::kCardMemory, "accelerator memory_bytes", bytes, text(sheet),
                         std::string(over ? "more" : "less") + " than the " + text(sheet) + " of " + fit.model,
                         under));  // a guest may be given a part of a card
}

void add_cards(std::vector<Finding>& found, const Shape& shape, const ChipFit* fit) {
  for (std::size_t i = 0; i < shape.accelerators.size(); ++i) {
    const auto& device = shape.accelerators[i];
    const auto* const known = fit != nullptr ? &fit->devices[i] : nullptr;
    const auto most = most_cards(device, known);
    const auto name = known != nullptr && !known->model.empty() ? known->model
                      : device.name.empty()                     ? std::string("accelerator")
                                                                : device.name;
    std::uint64_t alike = 0;  // rows of one model may differ in memory or name
    for (const auto& other : shape.accelerators) {
      if (other.vendor_id == device.vendor_id && other.device_id == device.device_id) alike += other.count;
    }
    const bool first =
        std::none_of(shape.accelerators.begin(), shape.accelerators.begin() + static_cast<std::ptrdiff_t>(i),
                     [&](auto& other) { return other.vendor_id == device.vendor_id && other.device_id == device.device_id; });
    if (first && alike > most) {
      found.push_back(beyond(Doubt::kCardCount, name + " count", alike, text(most),
                             "more than the " + text(most) + " that a server holds" +
                                 (known != nullptr && !known->form.empty() ? " of form " + known->form : std::string())));
    } else if (constexpr std::uint64_t kBoard = 8;
               first && known != nullptr && known->form.starts_with("SXM") && alike > kBoard && alike < most) {
      auto odd =
          beyond(Doubt::kCardCount, name + " count", alike, "4, 8 or 16", "and boards of form " + known->form + " come with 4 and 8");
      odd.contradicts = false;
      found.push_back(std::move(odd));
    }
    if (known == nullptr) continue;
    if (!known->listed) {
      found.push_back(
          {.word = Doubt::kUnlistedCard, .text = name + " is not in the chip table", .claimed = {}, .plausible = {}, .contradicts = false});
      continue;
    }
    add_card_memory(found, device, *known);
    if (!known->named_as.empty()) {
      found.push_back({.word = Doubt::kCardName,
                       .text = "its driver calls the " + name + " \"" + device.name + "\", which is " + known->named_as,
                       .claimed = name,
                       .plausible = known->named_as});
    }
  }
}

/// A model number as makers of drives give them; volumes of RAID controllers have none of these, and may be of any size.
bool is_drive(std::string_view model) {
  constexpr std::array<std::string_view, 16> kMakers = {"ST",      "WDC", "WD",    "HGST",  "HUS",    "HUH",  "TOSHIBA", "MG0",
                                                        "SAMSUNG", "MZ",  "INTEL", "SSDSC", "Micron", "MTFD", "KIOXIA",  "HITACHI"};
  return std::ranges::any_of(kMakers, [model](std::string_view maker) { return model.starts_with(maker); });
}

void add_disks_and_ports(std::vector<Finding>& found, const Shape& shape) {
  for (const auto& disk : shape.disks) {
    if (!disk.bytes || disk.media == Media::kUnknown || disk.media == Media::kRemote) continue;
    auto most = kMostArray;
    if (disk.media == Media::kNvme) most = kMostNvme;
    if (disk.media == Media::kSsd && is_drive(disk.model)) most = kMostSsd;
    if (disk.media == Media::kHdd && is_drive(disk.model)) most = kMostHdd;
    if (*disk.bytes <= most) continue;
    found.push_back(beyond(Doubt::kDiskSize, (disk.model.empty() ? std::string("disk") : disk.model) + " bytes", *disk.bytes, text(most),
                           "more than any such disk has"));
  }
  for (const auto& nic : shape.nics) {
    if (nic.speed_mbps.value_or(0) <= kMostPortMbps) continue;
    found.push_back(beyond(Doubt::kNicSpeed, "nic speed_mbps", *nic.speed_mbps, text(kMostPortMbps), "faster than any port"));
  }
}

}  // namespace

std::vector<Finding> physical_findings(const Shape& shape, const std::optional<std::string>& microarchitecture, const ChipFit* fit) {
  std::vector<Finding> found;
  add_packages(found, shape, microarchitecture);
  add_clocks(found, shape.cpu);
  add_name(found, shape.cpu, microarchitecture);
  if (fit != nullptr && !fit->cpu_listed) {
    found.push_back({.word = Doubt::kUnlistedProcessor,
                     .text = (shape.cpu.model.empty() ? std::string("its processor") : shape.cpu.model) + " is not in the chip table",
                     .claimed = {},
                     .plausible = {},
                     .contradicts = false});
  }
  add_cards(found, shape, fit);
  add_disks_and_ports(found, shape);
  return found;
}

std::optional<std::uint32_t> most_watts(const Shape& shape) {
  constexpr std::uint64_t kBase = 1'500, kPackage = 1'000, kCard = 2'000, kMost = 65'535;
  if (!shape.cpu.packages) return std::nullopt;
  std::uint64_t cards = 0;
  for (const auto& device : shape.accelerators) cards += device.count;
  return static_cast<std::uint32_t>(std::min(kMost, kBase + kPackage * *shape.cpu.packages + kCard * cards));
}

}  // namespace capmap
