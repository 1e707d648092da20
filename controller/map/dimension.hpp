#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// What cells can be grouped by. Region takes its level: region (as declared), region_2 (division), region_4 (prefecture).
enum class Dimension : std::uint8_t {
  kRegion,
  kRegion2,
  kRegion4,
  kSite,
  kOwnerClass,
  kComputeClass,
  kService,
  kSecurityLevel,
  kArchitecture,
  kCpuModel,
  kLiveness,
  kServiceState,
  kVerdict,
  kHub,
  kHubCluster,
  kPool,
  kPublicCompute,
  kAcceleratorVendor,
  kAcceleratorModel,
  kAcceleratorKind,
  kIndustry,
  kHardware
};
inline constexpr std::size_t kDimensionCount = 22;
inline constexpr std::array<const char*, kDimensionCount> kDimensionNames = {"region",
                                                                             "region_2",
                                                                             "region_4",
                                                                             "site",
                                                                             "owner_class",
                                                                             "compute_class",
                                                                             "service",
                                                                             "security_level",
                                                                             "architecture",
                                                                             "cpu_model",
                                                                             "liveness",
                                                                             "service_state",
                                                                             "verdict",
                                                                             "hub",
                                                                             "hub_cluster",
                                                                             "pool",
                                                                             "public_compute",
                                                                             "accelerator_vendor",
                                                                             "accelerator_model",
                                                                             "accelerator_kind",
                                                                             "industry",
                                                                             "hardware"};
/// What no cell knows: dimensions of one node, beside its labels ("label.rack").
inline constexpr std::array<const char*, 5> kNodeDimensionNames = {"hostname", "os", "kernel", "agent_version", "virtualization"};
inline constexpr std::string_view kLabelPrefix = "label.";
bool is_node_dimension(std::string_view word);

/// "region,liveness" -> dimensions; empty text -> none (one group: all). Errors: kMalformed naming the word, with the known ones.
Result<std::vector<Dimension>> parse_dimensions(std::string_view text);

}  // namespace capmap
