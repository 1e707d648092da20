#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

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
  DeclaredCapacity declared{};                  ///< what its operator says stands there; beside what nodes report, never added to it
  SiteCodes codes{};                            ///< for descriptors
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
