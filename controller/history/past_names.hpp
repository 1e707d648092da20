#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ids.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// What history has yet to write of names: each stands once in the database, words again whenever they change.
struct NewNames {
  struct SiteName {
    std::uint32_t number = 0;
    SiteId id;
  };
  struct PoolName {
    std::uint32_t number = 0;
    PoolId id;
    std::uint32_t site = 0;
  };
  struct HardwareName {
    std::uint32_t number = 0;
    ShapeId id;
    std::string body;  ///< the shape's raw bytes
  };
  struct Words {
    std::uint32_t number = 0;
    std::uint64_t from_unix_ms = 0;
    std::string words;
  };
  std::vector<SiteName> sites;
  std::vector<PoolName> pools;
  std::vector<HardwareName> hardware;
  std::vector<Words> site_words, pool_words;
  [[nodiscard]] bool empty() const {
    return sites.empty() && pools.empty() && hardware.empty() && site_words.empty() && pool_words.empty();
  }
};

/// Numbers of sites, pools and hardware, from 1 in the order they were first seen, and what is declared of them now. Pure; one thread.
class PastNames {
 public:
  /// What the database holds already.
  void add_known_site(std::uint32_t number, const SiteId& id, std::string words);
  void add_known_pool(std::uint32_t number, const PoolId& id, std::string words);
  void add_known_hardware(std::uint32_t number, const ShapeId& id);

  /// Looks at what of a view's tables is another object than in the view before. New names and words are valid from `at_unix_ms` on.
  void look(const MapView& view, std::uint64_t at_unix_ms);
  /// Numbers of the last view looked at, [its index].
  [[nodiscard]] const std::vector<std::uint32_t>& sites() const { return sites_.numbers; }
  [[nodiscard]] const std::vector<std::uint32_t>& pools() const { return pools_.numbers; }
  [[nodiscard]] const std::vector<std::uint32_t>& hardware() const { return hardware_.numbers; }

  [[nodiscard]] const NewNames& added() const { return added_; }
  /// They are written.
  void forget_added() { added_ = {}; }

 private:
  template <class Id, class Thing>
  struct Table {
    std::unordered_map<Id, std::uint32_t, IdHash> by_id;
    std::vector<std::string> words;                    ///< [number]
    std::vector<std::shared_ptr<const Thing>> looked;  ///< [index of the view], held so that no other object takes its place
    std::vector<std::uint32_t> numbers;                ///< [index of the view]
  };
  template <class Id, class Thing>
  static std::uint32_t number_of(Table<Id, Thing>& table, const Id& id, bool& is_new);
  Table<SiteId, Site> sites_;
  Table<PoolId, Pool> pools_;
  Table<ShapeId, HardwareRow> hardware_;
  std::shared_ptr<const Dictionaries> dictionaries_;  ///< of the last view: where it is the same, so are the tables
  NewNames added_;
};

}  // namespace capmap
