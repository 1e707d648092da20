#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "controller/find/demand.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// Nodes of one kind of hardware in one pool of a site.
struct Block {
  std::uint64_t nodes = 0;
  std::uint32_t pool = 0, hardware = 0;  ///< indexes of the view
};

/// Why a place stands where it does; the first are ranked first.
enum class RankReason : std::uint8_t {
  kOneKind,    ///< serves the demand with nodes of one kind in one pool
  kMixed,      ///< serves it, with nodes of several kinds or pools
  kIfUnknown,  ///< would serve it if what is not known is free
  kPart        ///< serves a part
};
inline constexpr std::array<const char*, 4> kRankReasonNames = {"one_kind", "mixed", "if_unknown_is_free", "part"};

/// What one site, or one pool, has for a demand.
struct FindOffer {
  std::uint32_t site = 0, pool = 0;  ///< indexes of the view; pool: only where a demand wants one pool
  RankReason reason = RankReason::kPart;
  std::uint64_t nodes = 0;        ///< that serve it for certain
  std::uint64_t maybe_nodes = 0;  ///< more of them might: something of theirs is not known
  std::uint64_t accelerators = 0;
  unsigned __int128 rate_mflops = 0;
  Block largest{};
  std::uint32_t largest_free_accelerators = 0;  ///< on one node; 17 stands for more than 16
  std::uint64_t takes_nodes = 0;                ///< that a demand would take here, offers before it having given theirs
};

/// What one need of a demand removed.
struct FindNeed {
  Need need = Need::kFresh;
  std::uint64_t removed_nodes = 0;         ///< that do not fulfil it, whatever else they do not
  std::uint64_t removed_accelerators = 0;  ///< installed in them
  std::uint64_t unknown_nodes = 0;         ///< of these: it is not known
  std::uint64_t only_this_nodes = 0;       ///< that would serve the demand but for this
};

enum class FindAnswer : std::uint8_t { kYes, kMaybe, kNo };
inline constexpr std::array<const char*, 3> kFindAnswerNames = {"yes", "maybe", "no"};

struct FindResult {
  FindAnswer answer = FindAnswer::kNo;
  std::vector<FindOffer> offers;  ///< ranked: by reason, then most nodes, then by name
  std::vector<FindNeed> needs;    ///< those that were asked for, in the order of Need
  std::optional<Need> removed_most;
  std::uint64_t considered_nodes = 0;  ///< installed, where the asker may look
  std::uint64_t nodes = 0, maybe_nodes = 0, accelerators = 0;
  unsigned __int128 rate_mflops = 0;
};

/// Holds a demand against the cells of a view: only nodes that are fresh, in service and free by what they said count. Where two things of
/// a node are asked for, cells know how many nodes have each, not both: then as many count as must have both. `within(site)`: the asker
/// may see the site of that index. Pure; any thread. Cost: one pass over the cells' keys; only cells that
/// fail one need at most are looked into.
FindResult find_capacity(const MapView& view, const Demand& demand, const std::function<bool(std::uint32_t site)>& within);

}  // namespace capmap
