#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/chip_table.hpp"
#include "common/messages.hpp"
#include "controller/map/child.hpp"
#include "controller/map/clones.hpp"
#include "controller/map/left_out.hpp"
#include "controller/map/map_view.hpp"
#include "controller/map/node_chunk.hpp"
#include "controller/map/node_selection.hpp"
#include "controller/map/reports.hpp"

namespace capmap {

struct RegionList;

struct MapOptions {
  std::uint64_t epoch = 0;
  std::uint32_t interval_ms = 10'000;         ///< given to nodes
  std::uint64_t resync_grace_ms = 90'000;     ///< nobody is lost within it after start
  std::uint32_t max_new_shapes_per_hour = 4;  ///< a node
  /// Of agents and children. An eighth of it is kept for agents: no child can stand in the way of a node that an admin lets in.
  std::uint32_t max_nodes = 24'000'000;
  std::uint32_t max_child_nodes = 20'000'000;            ///< of one child, and numbers that it may give in one run
  bool cold_records = true;                              ///< keep what is only shown: names, versions, each device's use, problems
  std::shared_ptr<const RegionTable> regions{};          ///< what hub a site is of that declares none; null = none
  std::shared_ptr<const DescriptorTable> descriptors{};  ///< handed to readers
  bool declared_binds = false;                           ///< a card of a model that its site does not declare is a contradiction
  Believe contradicted = Believe::kCount;                ///< what nodes count for whose hardware cannot be what they say
};

/// What the map says to one message: goes into the ack.
struct Answer {
  std::uint32_t session = 0;
  std::uint32_t applied_seq = 0;
  bool need_hello = false, need_shape = false, need_usage = false;
  /// Why the message was not taken (counted in /metrics by this word); empty = applied.
  /// unknown_node    never let in
  /// unknown_run     not said hello by (need_hello)
  /// old_session     of a run that another has followed; taken again only when the node has been silent beyond its time to live
  /// old_seq         not newer than what was applied of this run
  /// unknown_shape   not the shape its hello named (need_hello); a shape message nobody asked for
  /// too_many_shapes the node has taught its hour's share
  /// bad_shape       the shape's bytes do not decode
  /// too_much_hardware  applied, but the map keeps no more kinds of hardware: what the node is stays unknown
  /// clone_run      of a key that spoke from two places, by the run that an admin said is not the node
  /// insane_reading  applied but for the readings that cannot be true: these are unknown now, and the verdict is contradicted
  std::string refused;
};

struct MapCounters {
  std::unordered_map<std::string, std::uint64_t> refused;  ///< by Answer::refused
  std::uint64_t applied = 0, shapes = 0, hardware_rows = 0;
};

/// The live capacity map: nodes, interned shapes and hardware rows, sites, cells kept incrementally, liveness.
/// Pure: no thread, clock, socket or file; the caller says what time it is (boot_ms, never going back). One writer.
class CapacityMap {
 public:
  CapacityMap(MapOptions options, std::shared_ptr<const ChipTable> chips, std::uint64_t now_ms);
  ~CapacityMap();
  CapacityMap(CapacityMap&&) noexcept;

  /// Adds or changes a site. Nodes refer to sites by id; unknown ids in add_node get a site without attributes.
  void put_site(const Site& site);
  /// Likewise many at once. Cost: a look-up and a pointer each.
  void put_sites(const std::vector<std::shared_ptr<const Site>>& sites);
  /// Owners and trunk links, in place of those before.
  void put_register(std::shared_ptr<const SiteRegister> site_register);
  void put_pool(const Pool& pool);
  /// Lays a code list over MapOptions::regions, in place of the one before. Errors: as RegionTable::with_list, and kAbsent without a
  /// catalog; then all stays as it was.
  Result<Done> put_regions(const RegionList& list);
  /// Another chip table is in force, and `ready` is what somebody rated with it already (the rest is rated here and now): peaks, names and
  /// findings of all hardware are the new ones with the next view. Nodes whose verdict may be another are judged anew with advance().
  void put_chips(std::shared_ptr<const ChipTable> chips, const RatedHardware& ready);
  /// In service, draining, … retired, from a time until a time if the order says so. False: no such node.
  bool set_service(const NodeId& node, const ServiceOrder& order, std::uint64_t now_unix_ms);
  /// The same of all nodes of a site, or of a pool, those that come later too; the strongest of what is ordered of a node, its pool and its
  /// site holds. Those that are there follow with advance_service(). False: no such site, or pool.
  bool set_site_service(const SiteId& site, const ServiceOrder& order, std::uint64_t now_unix_ms);
  bool set_pool_service(const PoolId& pool, const ServiceOrder& order, std::uint64_t now_unix_ms);
  /// Labels that an admin put on a node, in place of those before; they stand over its agent's. False: no such node.
  bool set_labels(const NodeId& node, std::vector<Label> labels);
  /// Carries out orders whose time has come or is over. Cost: only those, and bounded; true = more are due, call again.
  bool advance_service(std::uint64_t now_unix_ms);
  /// Forgets a node for good: it leaves its cell, and its row waits for the next node. False: no such node.
  bool remove_node(const NodeId& node, std::uint64_t now_ms);
  /// A node whose key spoke from two places is held out of totals until an admin says which run is the node; the other ones are refused
  /// from then on. False: no such node, it is not held, or has no such run.
  bool settle_clone(const NodeId& node, std::uint64_t run, std::uint64_t now_unix_ms);
  /// At start, from the store, behind add_node(). False: no such node.
  bool restore_clone(const Clone& clone);
  /// All that are held, ascending by node.
  [[nodiscard]] std::vector<Clone> clones() const;
  /// An admin's word on two nodes that say they are one machine: `node` is in no total from now on, while `other` stands in the map,
  /// installed, and both say so; or they are two. False: one of them is not there.
  bool settle_double(const SettledDouble& settled);
  /// At start, from the store, behind add_node(): what a node said of its machine before, and what was settled.
  void restore_machine(const NodeId& node, const MachineMarks& marks);
  bool restore_double(const SettledDouble& settled);
  /// What a node says of its machine, as far as the map took it.
  [[nodiscard]] MachineMarks machine(const NodeId& node) const;
  /// Given to nodes with their next ack; each node's liveness follows the interval that it was given.
  void set_interval(std::uint32_t interval_ms);
  [[nodiscard]] std::uint32_t interval_ms() const;
  /// A node that was let in: resyncing when at_start, else counted as soon as it says hello. A known node moves to node.site.
  /// `shape`: the one it had before a restart, by restore_shape; passed over when it is not known, or the node was added before.
  /// `last_seen_unix_ms`: before this start, as far as anybody noted it; it is told until the node is heard.
  /// Where MapOptions::max_nodes are there already it is not added, and counted as too_many_nodes: its messages are those of a stranger.
  void add_node(const KnownNode& node, bool at_start, std::uint64_t now_ms, const std::optional<ShapeId>& shape = {},
                std::optional<std::uint64_t> last_seen_unix_ms = {});

  /// At start, from the store: room for so many nodes, and the shapes that were known before. So a restarted map shows what is installed
  /// before its agents have spoken; they say hello all the same. False: bytes that do not decode.
  void expect_nodes(std::size_t nodes);
  bool restore_shape(const EncodedShape& shape, std::uint64_t now_ms);

  /// Applies the messages of known nodes, in order, and says what each is answered: all that an ack holds.
  AckBatch apply(const ReportBatch& batch, std::uint64_t now_unix_ms);
  /// Likewise a part of them, [first, first + count); answers are added behind those that are there.
  void apply(const ReportBatch& batch, std::size_t first, std::size_t count, std::uint64_t now_unix_ms, AckBatch& answers);
  /// Applies one message. now_ms is when it was received.
  Answer apply(const NodeId& node, const AgentMessage& message, std::uint64_t now_ms, std::uint64_t now_unix_ms);

  /// A child controller that was let in, or what it may speak for has changed: its nodes at sites withdrawn leave the map, counted as
  /// foreign_site (some thousands at once, the rest with advance()). Nodes refused before need a new run. mask: 128 random bits, see
  /// ChildLink.
  void add_child(const KnownChild& child, const std::array<std::uint8_t, 16>& mask, std::uint64_t now_ms);
  /// Applies the messages of known children, in order, and answers each. Counted by word in MapCounters::refused: unknown_child,
  /// unknown_run (begins with a hello of number 0), old_session, old_seq, unknown_number (a gap in the numbers, or states of none),
  /// too_many_shapes, bad_shape; foreign_site counts nodes, each about a site that the child may not speak for; too_many_nodes likewise,
  /// and foreign_node (it has the id of somebody else's row).
  std::vector<ChildAckOut> apply(const ChildBatch& batch, std::uint64_t now_unix_ms);
  /// Likewise a part of them, as with ReportBatch.
  void apply(const ChildBatch& batch, std::size_t first, std::size_t count, std::uint64_t now_unix_ms, AckBatch& answers);

  /// Asks a node, in its next acks, to measure itself with tests of so many seconds (1 to 3600), until its hello tells another result or a
  /// problem of it, or the time for it is over. False: no such node.
  bool ask_benchmark(const NodeId& node, std::uint32_t seconds, std::uint64_t now_ms);

  /// Moves liveness on with time: fresh -> stale -> lost, resyncing -> lost after the grace period; forgets shapes unused for a day, and
  /// nodes that a child names no more.
  /// A bye makes its node lost at once. Cost: bounded; true = more has expired than one call changes, call again. The caller applies what
  /// has been received before it calls this: after a pause of the controller, messages that wait in the queue prove their nodes alive.
  bool advance(std::uint64_t now_ms);

  /// Grows with every change a reader could see.
  [[nodiscard]] std::uint64_t revision() const;
  /// What readers see from now on. Blocks of cells that do not change are shared with the views before and after; cost: a pointer a
  /// block, a site and a hardware row.
  [[nodiscard]] std::shared_ptr<const MapView> view(std::uint64_t now_ms, std::uint64_t now_unix_ms);

  /// Node rows are handed out one chunk of 4,096 at a time; chunk_count() grows only.
  static constexpr std::size_t kChunkRows = 4'096;
  [[nodiscard]] std::size_t chunk_count() const;
  [[nodiscard]] std::vector<NodeRow> chunk(std::size_t index) const;
  /// Those of a chunk that are wanted, ascending by slot. Cost: as matching(), and a copy of those whose cell does not rule them out.
  [[nodiscard]] std::vector<NodeRow> chunk(std::size_t index, NodeSelection& selection) const;
  /// A row that is wanted as far as its cell tells.
  struct Match {
    std::uint32_t row = 0;
    Holds holds = Holds::kAsk;
  };
  /// Cost: a look at each row, no cold record.
  [[nodiscard]] std::vector<Match> matching(std::size_t chunk, NodeSelection& selection) const;
  /// Of the rows that are wanted only these parts. Cost: as matching(), and a copy; `rows` costs a cold record each.
  [[nodiscard]] NodeChunk take(std::size_t index, NodeSelection& selection, const NodeParts& parts) const;
  /// Likewise of one node; empty: there is none.
  [[nodiscard]] NodeChunk take(const NodeId& id, const NodeParts& parts) const;
  [[nodiscard]] std::optional<NodeRow> node(const NodeId& id) const;
  /// Likewise, and who speaks for it; also by the id under which a child knows a node of its own. Cost: a look at each child.
  [[nodiscard]] std::optional<NodeRow> resolve(const NodeId& id) const;
  /// Index of the hardware that a shape is of, in MapView::hardware; absent: the shape is not known.
  [[nodiscard]] std::optional<std::uint32_t> hardware_of(const ShapeId& shape) const;
  [[nodiscard]] std::optional<ChildRow> child(const ControllerId& id) const;
  [[nodiscard]] const MapCounters& counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace capmap
