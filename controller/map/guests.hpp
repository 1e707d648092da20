#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/fingerprint.hpp"
#include "common/ids.hpp"
#include "controller/map/node_table.hpp"

namespace capmap {

/// A virtual machine that is counted in the node it runs on, and that node.
struct GuestInHost {
  std::uint32_t site = 0;  ///< index
  NodeId guest, host;
};

/// Which nodes are virtual machines inside which others, by what each said last: a guest says what it may be known by, a host what its
/// guests are known by. Whether a host may be one is not judged here (see State::look_at_guests). Nodes that are neither cost nothing.
/// Owned by the map; one thread.
class GuestTable {
 public:
  /// Guests, and hosts, that are kept of one fingerprint: what more have tells nobody from others. They are counted as refused.
  static constexpr std::size_t kMostAlike = 8;
  /// A guest is inside a host, that host inside another, and that one in a third: no chain of more, and none that is a ring.
  static constexpr std::size_t kMostLevels = 3;
  /// A guest whose host no longer names it is counted there so long still, once it is heard: it may be on its way to another host.
  static constexpr std::uint64_t kGraceMs = 600'000;

  struct Claim {
    RowIndex host = 0;
    std::uint64_t since_ms = 0;  ///< the host names the guest without a break
  };

  /// What a node may be known by, ascending, each once; empty: it is no guest, and in nobody.
  void say(RowIndex row, const std::vector<Fingerprint>& fingerprints);
  /// What a node's guests are known by, in place of what it said before. Ascending, each once.
  void name(RowIndex host, const std::vector<Fingerprint>& guests, std::uint64_t now_ms);
  /// The node is gone; those that were inside it.
  std::vector<RowIndex> forget(RowIndex row);

  [[nodiscard]] bool concerns(RowIndex row) const { return guests_.contains(row) || hosts_.contains(row) || inside_.contains(row); }
  [[nodiscard]] bool is_guest(RowIndex row) const { return guests_.contains(row); }
  /// Guests whose host depends on what this node says and is: itself, those it names, those inside it.
  [[nodiscard]] std::vector<RowIndex> touched_by(RowIndex row) const;
  /// Hosts that name the guest, each once.
  [[nodiscard]] std::vector<Claim> claims(RowIndex guest) const;
  /// The guest is inside `host`, which has not named it since `unnamed_ms` (0: it names it).
  void put(RowIndex guest, std::optional<RowIndex> host, std::uint64_t unnamed_ms);
  [[nodiscard]] std::optional<RowIndex> host(RowIndex guest) const;
  [[nodiscard]] std::uint64_t unnamed_ms(RowIndex guest) const;
  [[nodiscard]] const std::vector<RowIndex>& inside(RowIndex host) const;
  /// Whether its host, or that one's, or that one's, is in nobody: then it is counted there.
  [[nodiscard]] bool counted_elsewhere(RowIndex guest) const;
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

  /// Every guest that is counted in a host, ascending by site and id. Shared with the publications before until something changed and a
  /// second is over.
  using Published = std::shared_ptr<const std::vector<GuestInHost>>;
  [[nodiscard]] Published publish(const NodeTable& nodes, std::uint64_t now_ms);
  [[nodiscard]] bool publish_due(std::uint64_t now_ms) const;
  void changed() { changed_ = true; }

 private:
  struct Guest {
    std::vector<Fingerprint> fingerprints;
    std::optional<RowIndex> host;
    std::uint64_t unnamed_ms = 0;
  };
  struct Named {
    Fingerprint fingerprint = 0;
    std::uint64_t since_ms = 0;
  };
  /// Who has a fingerprint, and who names it.
  struct Alike {
    std::vector<RowIndex> guests, hosts;
  };

  /// Where there is room, and it is not listed yet. One that is new and has none is counted.
  void list(Fingerprint fingerprint, std::vector<RowIndex> Alike::*rows, RowIndex row, bool is_new);
  void unlist(Fingerprint fingerprint, std::vector<RowIndex> Alike::*rows, RowIndex row);

  std::unordered_map<RowIndex, Guest> guests_;
  std::unordered_map<RowIndex, std::vector<Named>> hosts_;  ///< ascending by fingerprint
  std::unordered_map<RowIndex, std::vector<RowIndex>> inside_;
  std::unordered_map<Fingerprint, Alike> alike_;
  std::uint64_t refused_ = 0, published_ms_ = 0;
  Published published_;
  bool changed_ = false;
};

}  // namespace capmap
