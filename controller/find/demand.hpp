#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/precision.hpp"
#include "controller/map/filter.hpp"

namespace capmap {

/// What a demand may ask for, in the order in which answers tell it; names are those of the API. The last five are of nodes one by one.
enum class Need : std::uint8_t {
  kFilter,
  kSite,
  kRegion,
  kOwner,
  kOwnerClass,
  kComputeClass,
  kSecurityLevel,
  kPublicCompute,
  kModel,
  kVendor,
  kKind,
  kDeviceMemory,
  kPrecision,
  kRdma,
  kInService,
  kFresh,
  kAccelerators,
  kCores,
  kMemory
};
inline constexpr std::size_t kNeedCount = 19;
inline constexpr std::array<const char*, kNeedCount> kNeedNames = {
    "filter",         "site",  "region",       "owner", "owner_class",       "compute_class", "security_level",
    "public_compute", "model", "vendor",       "kind",  "device_memory_gib", "precision",     "rdma",
    "in_service",     "fresh", "accelerators", "cores", "memory_gib"};

/// Where the nodes of one demand have to stand: in one site, in one pool, or anywhere.
enum class Together : std::uint8_t { kSite, kPool, kSpread };
inline constexpr std::array<const char*, 3> kTogetherNames = {"site", "pool", "spread"};

/// What somebody needs now. Empty texts and absent numbers ask for nothing.
struct Demand {
  std::uint32_t nodes = 1;  ///< different ones
  Together together = Together::kSite;
  // On each node, free.
  std::uint32_t accelerators = 0;  ///< 0 and devices are asked for: one at least, and all that are free count
  std::uint32_t cores = 0;         ///< as the map counts free ones: PUs
  std::uint32_t memory_gib = 0;
  // What these accelerators are.
  std::string model;  ///< words of the name, in any case: "h100" is "NVIDIA H100 SXM5 80GB" and not "NVIDIA GH100"
  std::string vendor, kind;
  std::optional<std::uint32_t> device_memory_gib;  ///< at least; a card's to the nearest: an "80 GB" one has 79.6
  std::optional<Precision> precision;              ///< they must be rated at it
  std::uint64_t device_rate_mflops = 0;            ///< each of them at least, at the precision
  std::uint64_t rate_mflops = 0;                   ///< all of them together
  // Where.
  bool rdma = false;   ///< a NIC of the node can do it
  std::string site;    ///< name or s-… id
  std::string region;  ///< the site's code begins so
  std::string owner, owner_class, compute_class;
  std::optional<std::uint32_t> security_level;  ///< at least
  bool public_compute = false;
  std::optional<FilterNode> filter;  ///< asks no nodes (asks_nodes)

  [[nodiscard]] bool of_devices() const {
    return accelerators > 0 || !model.empty() || !vendor.empty() || !kind.empty() || device_memory_gib || precision;
  }
  /// Of fresh and in service each demand asks.
  [[nodiscard]] bool asks(Need need) const;
};

}  // namespace capmap
