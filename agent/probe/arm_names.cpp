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
                                                       {0x4e, "NVIDIA"},
                                                       {0x50, "APM"},
                                                       {0x51, "Qualcomm"},
                                                       {0x61, "Apple"},
                                                       {0x6d, "Microsoft"},
                                                       {0x70, "Phytium"},
                                                       {0xc0, "Ampere"}});

struct Part {
  std::uint64_t implementer, part;
  const char* name;
};
constexpr std::array kParts = std::to_array<Part>({
    {0x41, 0xd03, "Cortex-A53"},     {0x41, 0xd04, "Cortex-A35"},     {0x41, 0xd05, "Cortex-A55"},  {0x41, 0xd07, "Cortex-A57"},
    {0x41, 0xd08, "Cortex-A72"},     {0x41, 0xd09, "Cortex-A73"},     {0x41, 0xd0a, "Cortex-A75"},  {0x41, 0xd0b, "Cortex-A76"},
    {0x41, 0xd0c, "Neoverse-N1"},    {0x41, 0xd40, "Neoverse-V1"},    {0x41, 0xd46, "Cortex-A510"}, {0x41, 0xd47, "Cortex-A710"},
    {0x41, 0xd49, "Neoverse-N2"},    {0x41, 0xd4a, "Neoverse-E1"},    {0x41, 0xd4d, "Cortex-A715"}, {0x41, 0xd4e, "Cortex-X3"},
    {0x41, 0xd4f, "Neoverse-V2"},    {0x41, 0xd83, "Neoverse-V3AE"},  {0x41, 0xd84, "Neoverse-V3"}, {0x41, 0xd85, "Cortex-X925"},
    {0x41, 0xd87, "Cortex-A725"},    {0x41, 0xd8e, "Neoverse-N3"},    {0x42, 0x516, "ThunderX2"},   {0x43, 0x0a1, "ThunderX-88XX"},
    {0x43, 0x0af, "ThunderX2-99xx"}, {0x43, 0x0b8, "ThunderX3-T110"}, {0x46, 0x001, "A64FX"},       {0x48, 0xd01, "Kunpeng-920"},
    {0x48, 0xd02, "Kunpeng-920B"},   {0x4e, 0x004, "Carmel"},         {0x50, 0x000, "X-Gene"},      {0x51, 0xc00, "Falkor"},
    {0x51, 0xc01, "Saphira"},        {0x6d, 0xd49, "Cobalt-100"},     {0x70, 0x660, "FTC660"},      {0x70, 0x661, "FTC661"},
    {0x70, 0x662, "FTC662"},         {0x70, 0x663, "FTC663"},         {0x70, 0x664, "FTC664"},      {0x70, 0x862, "FTC862"},
    {0xc0, 0xac3, "Ampere-1"},       {0xc0, 0xac4, "Ampere-1a"},      {0xc0, 0xac5, "Ampere-1b"},
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
