#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/fingerprint.hpp"
#include "common/ids.hpp"
#include "controller/map/cell.hpp"
#include "controller/map/mark_table.hpp"
#include "controller/map/node_table.hpp"

namespace capmap {

/// What an admin said of two nodes that are, or look like, one machine.
struct SettledDouble {
  NodeId node, other;
  bool same = false;  ///< `node` is `other` under another key; else they are two machines
  std::uint64_t settled_unix_ms = 0;
  bool operator==(const SettledDouble&) const = default;
};

enum class DoubleState : std::uint8_t { kSuspected, kConfirmed, kDismissed };
inline constexpr std::array<const char*, 3> kDoubleStateWords = {"suspected", "confirmed", "dismissed"};

/// Two nodes that say they are one machine, or did when an admin settled it.
struct Double {
  struct Side {
    NodeId node;
    std::uint32_t site = 0;  ///< index
    Liveness liveness = Liveness::kResyncing;
    ServiceState service = ServiceState::kInService;
    std::string hostname{};
  };
  Side node, other;  ///< confirmed: `node` is the one that is left out; else ascending
  DoubleState state = DoubleState::kSuspected;
  bool uuid = false, ports = false;  ///< what both say alike now
  bool left_out = false;             ///< `node` is in no total, since `other` is
  /// When the later of the two began to say so; 0: before this start, or they do not any more.
  std::uint64_t since_unix_ms = 0;
  std::uint64_t settled_unix_ms = 0;  ///< 0 = not settled
};
struct DoubleList {
  std::vector<Double> pairs;          ///< by state, node, other; at most DoubleTable::kMostShown
  bool complete = true;               ///< these are all
  std::uint32_t suspected_nodes = 0;  ///< in totals, and in a pair that is shown as suspected
  std::uint32_t left_out_nodes = 0;   ///< in no total, since an admin confirmed that they are others
};

/// Which nodes say that they run on the same machine (MachineMarks), and what admins said of that. Nodes that say no marks cost nothing,
/// the others what MarkTable says for each of their marks. Which nodes count is decided by the map (State::look_at_doubles). Owned by the
/// map; one thread; pure.
class DoubleTable {
 public:
  static constexpr std::size_t kMostShown = 1'000;   ///< pairs in one list
  static constexpr std::size_t kMostPairs = 10'000;  ///< that are looked at for it: some milliseconds

  /// Makes room for so many nodes at once, where they come at once.
  void reserve(std::size_t nodes);
  /// What a node says now. Nothing holds what it said before; so does a mark that is missing beside one that has not changed: not every
  /// agent can read everything each time. True: it says another one.
  bool say(RowIndex row, const MachineMarks& marks, std::uint64_t now_unix_ms);
  [[nodiscard]] MachineMarks marks(RowIndex row) const;
  /// Do both say the same? How many others do is not asked here.
  [[nodiscard]] bool same_uuid(RowIndex one, RowIndex other) const { return alike(kUuid, one, other); }
  [[nodiscard]] bool same_ports(RowIndex one, RowIndex other) const { return alike(kPorts, one, other); }

  /// An admin's word on two rows, in place of what was said of them before, whichever way round.
  void settle(RowIndex row, RowIndex other, bool same, std::uint64_t at_unix_ms);
  /// Rows that the row is, by an admin's word, and that say so too.
  [[nodiscard]] std::vector<RowIndex> confirmed_of(RowIndex row) const;
  /// Rows that are this row by an admin's word.
  [[nodiscard]] std::vector<RowIndex> copies_of(RowIndex row) const;
  /// Nobody has settled anything, and nobody is left out.
  [[nodiscard]] bool idle() const { return settled_.empty() && left_out_.empty(); }
  [[nodiscard]] bool is_settled(RowIndex row) const { return with_.contains(row); }

  /// The row is in no total, since it is `other`; or counts for itself (absent). True: that was otherwise before.
  bool leave_out(RowIndex row, std::optional<RowIndex> other);
  [[nodiscard]] std::optional<RowIndex> left_out_for(RowIndex row) const;
  /// The node is gone; those that were left out for it, which have to be looked at again.
  std::vector<RowIndex> forget(RowIndex row);

  /// Where the row is in a pair, readers are to hear of its state.
  void touch(RowIndex row);
  struct Pair {
    RowIndex row = 0, other = 0;
    bool alike = false;  ///< they say so now, and not too many others do
    std::uint64_t since_unix_ms = 0;
    std::optional<bool> same{};  ///< an admin's word: `row` is `other`, or they are two; absent: nobody has said anything
    std::uint64_t settled_unix_ms = 0;
  };
  /// Rows that say the same mark, or are settled; each pair once, in no order. At most kMostPairs, those that are settled before others.
  [[nodiscard]] std::vector<Pair> pairs() const;

  [[nodiscard]] std::uint64_t refused() const { return kinds_[kUuid].refused() + kinds_[kPorts].refused(); }
  [[nodiscard]] std::size_t bytes() const { return kinds_[kUuid].bytes() + kinds_[kPorts].bytes(); }

  /// Shared with the publications before until something changed and a second is over; null: there is no pair. `make` makes the list.
  using Published = std::shared_ptr<const DoubleList>;
  template <class Make>
  [[nodiscard]] Published publish(std::uint64_t now_ms, Make make) {
    if (!publish_due(now_ms)) return published_;
    published_ = make(pairs());
    published_ms_ = now_ms;
    changed_ = false;
    return published_;
  }
  [[nodiscard]] bool publish_due(std::uint64_t now_ms) const;

 private:
  enum Kind : std::size_t { kUuid, kPorts };
  struct Settled {
    RowIndex row = 0, other = 0;
    bool same = false;
    std::uint64_t at_unix_ms = 0;
  };
  static std::uint64_t key_of(RowIndex one, RowIndex other);
  [[nodiscard]] bool alike(Kind kind, RowIndex one, RowIndex other) const;
  void put(Kind kind, RowIndex row, Fingerprint mark, std::uint64_t since_unix_ms);

  std::array<MarkTable, 2> kinds_;
  std::unordered_map<std::uint64_t, Settled> settled_;        ///< by key_of()
  std::unordered_map<RowIndex, std::vector<RowIndex>> with_;  ///< rows that it is settled with
  std::unordered_map<RowIndex, RowIndex> left_out_;           ///< and for whom
  Published published_;
  std::uint64_t published_ms_ = 0;
  bool changed_ = false;
};

}  // namespace capmap
