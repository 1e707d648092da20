#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "controller/map/declared.hpp"

namespace capmap {

/// Codes that registries gave a site, by name; a pool's zone stands behind kPoolZones. Never made up: what is not declared is not there.
using SiteCodes = std::map<std::string, std::string>;
inline constexpr std::array kSiteCodeNames = {"organization", "city", "industry", "zone", "service_type"};
inline constexpr const char* kPoolZones = "pool_zones.";

/// A place with one operator. Attributes are declared by its admin, never probed. Words are checked by validate_site.
struct Site {
  SiteId id;
  std::string name;           ///< unique, for people; may change
  std::string region;         ///< code of the region tree: 2, 4 or 6 digits of GB/T 2260; empty = not declared
  std::string owner_class;    ///< government, state-owned, private, foreign-or-joint, university-or-research; empty = not declared
  std::string compute_class;  ///< general, intelligent, super, edge; empty = not declared
  std::string service;        ///< public, private, hybrid; empty = not declared
  std::optional<std::uint32_t> security_level;  ///< 0 (unrated) … 5, declared
  std::string hub, hub_cluster;                 ///< declared; empty = what the region's code says (see dictionaries.cpp), if anything
  std::string industry;                         ///< empty = not declared
  std::optional<bool> public_compute;           ///< counted as public computing power; absent = not declared
  std::string owner;                            ///< name of the organisation, see Owner; empty = not declared
  std::string filing_number;                    ///< under which the security level was filed; empty = not declared
  /// In 10^-6 degrees, north and east above zero; both or none are declared.
  std::optional<std::int32_t> latitude_udeg, longitude_udeg;
  std::optional<std::uint32_t> pue_permille;          ///< power usage effectiveness: 1,000 … 5,000
  std::optional<std::uint32_t> green_share_permille;  ///< of its electricity, 0 … 1,000
  DeclaredCapacity declared{};                        ///< what its operator says stands there; beside what nodes report, never added to it
  SiteCodes codes{};                                  ///< for descriptors
  bool operator==(const Site&) const = default;
};

/// Some of a site's nodes, named by its admin.
struct Pool {
  PoolId id;
  SiteId site;
  std::string name;           ///< for people; may change
  std::string compute_class;  ///< empty = the site's
  bool operator==(const Pool&) const = default;
};

/// An organisation that owns sites. A site that names it has its class; see owner_class_of.
struct Owner {
  std::string name;         ///< unique; the key
  std::string owner_class;  ///< as of sites; empty = not declared
  bool operator==(const Owner&) const = default;
};

/// A line between two sites, as their operators state it.
struct TrunkLink {
  std::string name;  ///< unique; the key
  SiteId from, to;
  std::optional<std::uint32_t> gbps, km;
  std::optional<std::uint32_t> latency_us;  ///< one way
  bool operator==(const TrunkLink&) const = default;
};

/// What is known beside sites and pools; no sum needs it. Both ascending by name.
struct SiteRegister {
  std::vector<Owner> owners;
  std::vector<TrunkLink> links;
};
/// What is taken of figures beyond those of DeclaredCapacity.
inline constexpr std::int32_t kMostLatitudeUdeg = 90'000'000, kMostLongitudeUdeg = 180'000'000;
inline constexpr std::uint32_t kLeastPuePermille = 1'000, kMostPuePermille = 5'000, kMostGreenPermille = 1'000;
inline constexpr std::uint32_t kMostGbps = 10'000'000, kMostKm = 100'000, kMostLatencyUs = 60'000'000;
inline constexpr std::size_t kMostOwners = 10'000, kMostLinks = 10'000;

/// A node the controller has let in: who it is, by which key, and where it stands.
struct KnownNode {
  NodeId id;
  std::string public_key;  ///< Z85 of its CURVE key
  SiteId site;
  std::optional<PoolId> pool{};
  std::string hostname;  ///< as it said when it joined; for people
  std::uint64_t joined_unix_ms = 0;
  bool operator==(const KnownNode&) const = default;
};

}  // namespace capmap
