#include "agent/probe/arm_names.hpp"

#include <array>

namespace capmap {
namespace {

struct Vendor {
  std::uint64_t implementer;
  const char* name;
};
constexpr std::array kVendors = std::to_array<Vendor>({{0x41, "ARM"},
                                                       {0x42, "Broadcom"},
                                                       {0x43, "Cavium"},
                                                       {0x46, "Fujitsu"},
                                                       {0x48, "HiSilicon"},
                                                       {0x49, "Infineon"},
                                                       {0x4e, "NVIDIA"},
                                                       {0x50, "APM"},
                                                       {0x51, "Qualcomm"},
                                                       {0x53, "Samsung"},
                                                       {0x56, "Marvell"},
                                                       {0x61, "Apple"},
                                                       {0x69, "Intel"},
                                                       {0x6d, "Microsoft"},
                                                       {0x70, "Phytium"},
                                                       {0xc0, "Ampere"}});

struct Part {
  std::uint64_t implementer, part;
  const char* name;
};
constexpr std::array kParts = std::to_array<Part>({
    {0x41, 0xd01, "Cortex-A32"},
    {0x41, 0xd02, "Cortex-A34"},
    {0x41, 0xd03, "Cortex-A53"},
    {0x41, 0xd04, "Cortex-A35"},
    {0x41, 0xd05, "Cortex-A55"},
    {0x41, 0xd06, "Cortex-A65"},
    {0x41, 0xd07, "Cortex-A57"},
    {0x41, 0xd08, "Cortex-A72"},
    {0x41, 0xd09, "Cortex-A73"},
    {0x41, 0xd0a, "Cortex-A75"},
    {0x41, 0xd0b, "Cortex-A76"},
    {0x41, 0xd0c, "Neoverse-N1"},
    {0x41, 0xd0d, "Cortex-A77"},
    {0x41, 0xd0e, "Cortex-A76AE"},
    {0x41, 0xd40, "Neoverse-V1"},
    {0x41, 0xd41, "Cortex-A78"},
    {0x41, 0xd42, "Cortex-A78AE"},
    {0x41, 0xd43, "Cortex-A65AE"},
    {0x41, 0xd44, "Cortex-X1"},
    {0x41, 0xd46, "Cortex-A510"},
    {0x41, 0xd47, "Cortex-A710"},
    {0x41, 0xd48, "Cortex-X2"},
    {0x41, 0xd49, "Neoverse-N2"},
    {0x41, 0xd4a, "Neoverse-E1"},
    {0x41, 0xd4b, "Cortex-A78C"},
    {0x41, 0xd4c, "Cortex-X1C"},
    {0x41, 0xd4d, "Cortex-A715"},
    {0x41, 0xd4e, "Cortex-X3"},
    {0x41, 0xd4f, "Neoverse-V2"},
    {0x41, 0xd80, "Cortex-A520"},
    {0x41, 0xd81, "Cortex-A720"},
    {0x41, 0xd82, "Cortex-X4"},
    {0x41, 0xd83, "Neoverse-V3AE"},
    {0x41, 0xd84, "Neoverse-V3"},
    {0x41, 0xd85, "Cortex-X925"},
    {0x41, 0xd87, "Cortex-A725"},
    {0x41, 0xd88, "Cortex-A520AE"},
    {0x41, 0xd89, "Cortex-A720AE"},
    {0x41, 0xd8a, "C1-Nano"},
    {0x41, 0xd8b, "C1-Pro"},
    {0x41, 0xd8c, "C1-Ultra"},
    {0x41, 0xd8e, "Neoverse-N3"},
    {0x41, 0xd8f, "Cortex-A320"},
    {0x41, 0xd90, "C1-Premium"},
    {0x42, 0x100, "Brahma-B53"},
    {0x42, 0x516, "ThunderX2"},
    {0x43, 0x0a0, "ThunderX"},
    {0x43, 0x0a1, "ThunderX-88XX"},
    {0x43, 0x0a2, "ThunderX-81XX"},
    {0x43, 0x0a3, "ThunderX-83XX"},
    {0x43, 0x0af, "ThunderX2-99xx"},
    {0x43, 0x0b0, "OcteonTX2"},
    {0x43, 0x0b1, "OcteonTX2-98XX"},
    {0x43, 0x0b2, "OcteonTX2-96XX"},
    {0x43, 0x0b3, "OcteonTX2-95XX"},
    {0x43, 0x0b4, "OcteonTX2-95XXN"},
    {0x43, 0x0b5, "OcteonTX2-95XXMM"},
    {0x43, 0x0b6, "OcteonTX2-95XXO"},
    {0x43, 0x0b8, "ThunderX3-T110"},
    {0x46, 0x001, "A64FX"},
    {0x46, 0x003, "MONAKA"},
    {0x48, 0xd01, "Kunpeng-920"},
    {0x48, 0xd02, "Kunpeng-920B"},
    {0x48, 0xd03, "Kunpeng-920"},
    {0x48, 0xd06, "Kunpeng-950"},
    {0x48, 0xd22, "Kunpeng-920"},
    {0x48, 0xd40, "Cortex-A76"},
    {0x48, 0xd41, "Cortex-A77"},
    {0x4e, 0x000, "Denver"},
    {0x4e, 0x003, "Denver-2"},
    {0x4e, 0x004, "Carmel"},
    {0x4e, 0x010, "Olympus"},
    {0x50, 0x000, "X-Gene"},
    {0x51, 0x001, "Oryon"},
    {0x51, 0x200, "Kryo"},
    {0x51, 0x201, "Kryo"},
    {0x51, 0x205, "Kryo"},
    {0x51, 0x211, "Kryo"},
    {0x51, 0x800, "Falkor-V1/Kryo"},
    {0x51, 0x801, "Kryo-V2"},
    {0x51, 0x802, "Kryo-3XX-Gold"},
    {0x51, 0x803, "Kryo-3XX-Silver"},
    {0x51, 0x804, "Kryo-4XX-Gold"},
    {0x51, 0x805, "Kryo-4XX-Silver"},
    {0x51, 0xc00, "Falkor"},
    {0x51, 0xc01, "Saphira"},
    {0x53, 0x001, "exynos-m1"},
    {0x53, 0x002, "exynos-m3"},
    {0x53, 0x003, "exynos-m4"},
    {0x53, 0x004, "exynos-m5"},
    {0x61, 0x020, "Icestorm-A14"},
    {0x61, 0x021, "Firestorm-A14"},
    {0x61, 0x022, "Icestorm-M1"},
    {0x61, 0x023, "Firestorm-M1"},
    {0x61, 0x024, "Icestorm-M1-Pro"},
    {0x61, 0x025, "Firestorm-M1-Pro"},
    {0x61, 0x028, "Icestorm-M1-Max"},
    {0x61, 0x029, "Firestorm-M1-Max"},
    {0x61, 0x030, "Blizzard-A15"},
    {0x61, 0x031, "Avalanche-A15"},
    {0x61, 0x032, "Blizzard-M2"},
    {0x61, 0x033, "Avalanche-M2"},
    {0x61, 0x034, "Blizzard-M2-Pro"},
    {0x61, 0x035, "Avalanche-M2-Pro"},
    {0x61, 0x038, "Blizzard-M2-Max"},
    {0x61, 0x039, "Avalanche-M2-Max"},
    {0x6d, 0xd49, "Cobalt-100"},
    {0x70, 0x303, "FTC310"},
    {0x70, 0x660, "FTC660"},
    {0x70, 0x661, "FTC661"},
    {0x70, 0x662, "FTC662"},
    {0x70, 0x663, "FTC663"},
    {0x70, 0x664, "FTC664"},
    {0x70, 0x862, "FTC862"},
    {0x70, 0x870, "FTC870"},
    {0xc0, 0xac3, "Ampere-1"},
    {0xc0, 0xac4, "Ampere-1a"},
    {0xc0, 0xac5, "Ampere-1b"},
});

}  // namespace

std::string arm_vendor(std::uint64_t implementer) {
  for (const auto& vendor : kVendors) {
    if (vendor.implementer == implementer) return vendor.name;
  }
  return "";
}

std::string arm_model(std::uint64_t implementer, std::uint64_t part) {
  for (const auto& known : kParts) {
    if (known.implementer == implementer && known.part == part) return known.name;
  }
  return "";
}

}  // namespace capmap
