#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/hardware.hpp"
#include "controller/map/node_table.hpp"

namespace capmap {

/// What belongs to no single node and counts once: a file system that machines of a site mount from the same source. The same source named
/// at two sites is two things: names of servers are a site's own.
struct SharedThing {
  std::uint32_t site = 0;  ///< index
  std::string source, type;
  std::optional<std::uint64_t> size_mb, used_mb;  ///< 10^6 bytes, as the node said that spoke of it last
  std::uint32_t reporters = 0;                    ///< nodes that mount it by their last word, lost ones among them; never 0
  std::uint64_t told_boot_ms = 0;                 ///< when it was spoken of last
};
/// Sums over the shared things of a site.
struct SharedSum {
  std::uint32_t things = 0, unknown_size = 0, unknown_use = 0;
  std::uint64_t size_mb = 0, used_mb = 0;
  bool full = false;  ///< the site has as many as are kept: more may be mounted
  void add(const SharedThing& thing);
  void take_away(const SharedThing& thing);
};
struct SharedTable {
  std::vector<std::shared_ptr<const SharedThing>> things;  ///< in no order
  std::vector<SharedSum> sites;                            ///< [site index], up to the last one that has any
};

/// The shared things of a map. Nodes that mount nothing shared cost nothing. Owned by the map; one thread.
class SharedThings {
 public:
  static constexpr std::uint32_t kMostASite = 4'096;  ///< what is mounted beyond is counted as refused and is in no sum
  static constexpr std::size_t kMost = 200'000;       ///< likewise of all sites: copying so many pointers costs a view some 3 ms

  /// What a node mounts now, in place of what it mounted before; `site` is its site.
  void report(RowIndex row, std::uint32_t site, const std::vector<SharedFileSystem>& mounted, std::uint64_t now_ms);
  /// The node is no longer believed or no longer there: what nobody else mounts goes with it, and what it said of sizes.
  void leave(RowIndex row) { report(row, 0, {}, 0); }
  /// The node stands at another site, with what it said.
  void move(RowIndex row, std::uint32_t site);

  /// Shared with the publications before, until something changed and a second is over.
  [[nodiscard]] std::shared_ptr<const SharedTable> publish(std::uint64_t now_ms);
  /// What changed could be published now: the map's revision has to move, so that a view is made.
  [[nodiscard]] bool publish_due(std::uint64_t now_ms) const;
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  struct Key {
    std::uint32_t site;
    std::string source;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return std::hash<std::string>{}(key.source) ^ key.site * 0x9E37'79B9'7F4A'7C15U; }
  };

  /// A thing's number, made when it has none yet; none where no more are kept.
  std::optional<std::uint32_t> number_of(std::uint32_t site, const SharedFileSystem& system);
  void tell(std::uint32_t number, RowIndex row, const SharedFileSystem& system, std::uint64_t told_ms, bool joins);
  void drop(std::uint32_t number, RowIndex row);
  /// The thing says something else now, or is gone (null); its site's sums follow.
  void put(std::uint32_t number, std::shared_ptr<const SharedThing> next);

  std::vector<std::shared_ptr<const SharedThing>> things_;           ///< [number]; null = free
  std::vector<SharedSum> sums_;                                      ///< [site index]
  std::vector<RowIndex> told_by_;                                    ///< [number] whose word on the size it is
  std::vector<std::uint32_t> free_;                                  ///< numbers
  std::unordered_map<Key, std::uint32_t, KeyHash> numbers_;          ///< of things
  std::unordered_map<RowIndex, std::vector<std::uint32_t>> mounts_;  ///< by node that mounts something: numbers
  std::shared_ptr<const SharedTable> published_;
  std::uint64_t published_ms_ = 0, refused_ = 0;
  bool changed_ = false;
};

}  // namespace capmap
