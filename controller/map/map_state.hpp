#pragma once
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/map/benchmark_asks.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/map/cells.hpp"
#include "controller/map/change_feed.hpp"
#include "controller/map/child.hpp"
#include "controller/map/clones.hpp"
#include "controller/map/conduct.hpp"
#include "controller/map/dictionaries.hpp"
#include "controller/map/doubles.hpp"
#include "controller/map/doubts.hpp"
#include "controller/map/exclusion.hpp"
#include "controller/map/group_orders.hpp"
#include "controller/map/guests.hpp"
#include "controller/map/liveness.hpp"
#include "controller/map/losses.hpp"
#include "controller/map/node_table.hpp"
#include "controller/map/returns.hpp"
#include "controller/map/sanity.hpp"
#include "controller/map/service.hpp"
#include "controller/map/shape_past.hpp"
#include "controller/map/shapes.hpp"
#include "controller/map/shared_things.hpp"

namespace capmap {

/// The parts of the map and what holds them together: map_report.cpp and map_hello.cpp say what each message does to a row and
/// its cell, map_state.cpp what time and admins do, map_readers.cpp copies out.
struct CapacityMap::State {
  State(MapOptions given, std::shared_ptr<const ChipTable> chip_table, std::uint64_t now);

  // map_state.cpp ----------------------------------------------------------------------------------------------------------------
  /// Time as the map knows it: what is earlier than the last time seen counts as that.
  std::uint64_t forward(std::uint64_t now);
  std::uint32_t site_index(const SiteId& id);
  void put_site(std::shared_ptr<const Site> site);
  void add_node(const KnownNode& node, bool at_start, const std::optional<ShapeId>& shape, std::optional<std::uint64_t> last_seen_unix_ms);
  /// True when more is due than one call does.
  bool advance();
  void age_out(RowIndex row);
  /// When time alone will next change the row.
  [[nodiscard]] std::uint64_t due_ms(RowIndex row) const;
  [[nodiscard]] LivenessLimits limits(RowIndex row) const;
  [[nodiscard]] std::uint16_t interval_ds() const;
  /// The interval that the node was given.
  [[nodiscard]] std::uint32_t interval_ms(RowIndex row) const;
  std::uint16_t pool_index(const PoolId& id);
  void put_pool(const Pool& pool);
  /// The shape a row is bound to, or the one its hello named.
  [[nodiscard]] ShapeId named_shape(RowIndex row) const;

  void set_liveness(RowIndex row, Liveness liveness);
  [[nodiscard]] bool silent_beyond_ttl(RowIndex row) const;
  void count_shapes();
  [[nodiscard]] ReadingLimits reading_limits(RowIndex row) const;

  // map_admin.cpp ----------------------------------------------------------------------------------------------------------------
  Result<Done> put_regions(const RegionList& list);
  bool set_service(const NodeId& id, const ServiceOrder& order, std::uint64_t now_unix_ms);
  void apply_service(RowIndex row, ServiceState service);
  /// What holds of a node: the strongest of what is ordered of it, its pool and its site.
  [[nodiscard]] ServiceState service_at(RowIndex row) const;
  bool order_group(const GroupOrders::Group& group, const ServiceOrder& order, std::uint64_t now_unix_ms);
  /// Nodes of groups whose order has changed, so many at once. True when more is left.
  bool serve_anew();
  bool set_labels(const NodeId& id, std::vector<Label> labels);
  bool advance_service(std::uint64_t now_unix_ms);
  bool remove_node(const NodeId& id);
  bool settle_clone(const NodeId& id, std::uint64_t run, std::uint64_t now_unix_ms);
  bool restore_clone(const Clone& clone);
  void remove_row(RowIndex row);

  // map_chips.cpp ----------------------------------------------------------------------------------------------------------------
  void put_chips(std::shared_ptr<const ChipTable> table, const RatedHardware& ready);
  /// What contradicted nodes claim, taken out of the sums or put in.
  void count_claims(bool comes);
  /// Judges nodes of hardware that is found otherwise than before, so many at once. True when more is left.
  bool judge_anew();

  // map_report.cpp ---------------------------------------------------------------------------------------------------------------
  /// Applies one and adds its ack, if it gets one.
  void answer(const Report& report, std::uint64_t now_unix_ms, AckBatch& answers);
  Answer apply(const NodeId& node, const AgentMessage& message, std::uint64_t now_unix_ms);
  Answer take(RowIndex row, const Heartbeat& heartbeat);
  Answer take(RowIndex row, const UsageMessage& message);

  /// Call numbers() before a row is changed and settle() after: cells follow, and the row gets a new revision.
  [[nodiscard]] Contribution numbers(RowIndex row) const { return contribution_of(nodes, row, shapes.facts(nodes.place(row).shape)); }
  void settle(RowIndex row, const Contribution& before);
  void note_change(RowIndex row, const std::optional<CellKey>& from, const std::optional<CellKey>& to);
  /// The service state of its cell.
  [[nodiscard]] ServiceState counted_service(RowIndex row) const;

  /// Whether a message is the newest of the run that is spoken with.
  enum class Standing : std::uint8_t { kNext, kOldSeq, kOldRun, kUnknownRun };
  [[nodiscard]] Standing standing(RowIndex row, const Envelope& envelope) const;
  [[nodiscard]] Answer out_of_turn(RowIndex row, const Envelope& envelope, Standing standing);
  /// Whether it came back, and what did not come before its newest message.
  void note_coming(RowIndex row, const Envelope& envelope);
  /// The message counts: its number, that it was heard, and a shape that somebody else has brought meanwhile.
  void accept(RowIndex row, const Envelope& envelope);
  [[nodiscard]] Answer answer(RowIndex row);
  /// Refuses what speaks of another shape than the hello named; asks for the full id where the prefix does not tell.
  bool prefix_agrees(RowIndex row, std::uint64_t shape_prefix, Answer& answer);
  /// Takes the readings that are present. False when one of them is insane.
  bool take_readings(RowIndex row, const Readings& readings);
  bool take_accelerators(RowIndex row, const std::vector<AcceleratorUse>& devices);
  void note_insane(RowIndex row, std::size_t bit, std::optional<std::string> why);

  // exclusion.cpp ----------------------------------------------------------------------------------------------------------------
  /// Between numbers() and settle(), as all that changes a row.
  void exclude(RowIndex row, Exclusion why, bool on);
  /// Of a hello, before it is taken: does it name other hardware again and again, does it come from the future?
  void note_name(RowIndex row, const Hello& hello, std::uint64_t now_unix_ms);
  /// Ends what is over.
  void look_at_exclusions(RowIndex row);
  void note_flood(const NodeId& node);
  void note_out_of_turn(RowIndex row, const Envelope& envelope, Standing standing);
  /// Begins and ends what its conduct says; true when something changed.
  bool look_at_conduct(RowIndex row);
  void add_exclusions(RowIndex row, std::vector<Finding>& found) const;

  // map_verdict.cpp --------------------------------------------------------------------------------------------------------------
  [[nodiscard]] Verdict verdict(RowIndex row) const;
  /// All that is found against a node, contradictions first by what the map excludes it for.
  [[nodiscard]] std::vector<Finding> findings(RowIndex row) const;
  /// Of them what judge() goes by: of its past, hello, hardware, and what its site declares.
  void add_judged(RowIndex row, const Hello& hello, std::vector<Finding>& found) const;
  /// Judges nodes anew of sites that declare another thing than before, so many at once. True when there are more.
  bool rejudge();
  /// Whether hello, hardware and past contradict each other, and what policy makes of that. Between numbers() and settle().
  void judge(RowIndex row);
  /// What changed hardware says against that before; `shape` is the new one (0: not known yet). Before the row is bound to it.
  void note_past(RowIndex row, ShapeIndex shape);
  /// The row has gone from one cell to another (absent: none).
  void note_verdict(RowIndex row, const std::optional<CellKey>& from, const std::optional<CellKey>& to);
  void note_doubts(RowIndex row);

  // map_guests.cpp ---------------------------------------------------------------------------------------------------------------
  /// Whether a node that stands in totals, at the guest's site, may be where it is counted.
  [[nodiscard]] bool may_hold(RowIndex host, RowIndex guest) const;
  /// The host that named the guest last, else the one that did before. True: another one.
  bool choose_host(RowIndex guest);
  /// What a node says of guests, or whether it may hold any, has changed: those whose host depends on it. Not between numbers() and
  /// settle() of any row.
  void look_at_guests(RowIndex row);
  /// Their hosts have changed: whether they, and those inside them, are counted elsewhere.
  void count_guests(std::vector<RowIndex> rows);
  void note_guests(RowIndex row, const Hello& hello, bool starts);
  /// A guest that is counted elsewhere was heard: it leaves a host that has not named it for long.
  void note_alive(RowIndex guest);

  // map_doubles.cpp --------------------------------------------------------------------------------------------------------------
  /// Whether it is in the map, believed and installed, in its own figures or another one's.
  [[nodiscard]] bool stands(RowIndex row) const;
  /// The node in whose figures this one is, since an admin said that they are one, as long as both say so too: of several the first by id.
  [[nodiscard]] std::optional<RowIndex> double_of(RowIndex row) const;
  /// What a node says of its machine, or whether it stands in totals, has changed, or what an admin says of it: who is left out for whom.
  /// Not between numbers() and settle() of any row.
  void look_at_doubles(RowIndex row);
  void note_machine(RowIndex row, const MachineMarks& marks, std::uint64_t since_unix_ms);
  bool settle_double(const SettledDouble& settled);
  [[nodiscard]] Double::Side side_of(RowIndex row) const;
  /// What readers see of pairs: those that are suspected and both in totals, and those that are settled. Null: none.
  [[nodiscard]] DoubleTable::Published double_list(std::vector<DoubleTable::Pair> pairs) const;

  // map_hello.cpp ----------------------------------------------------------------------------------------------------------------
  Answer take(RowIndex row, const Hello& hello, std::uint64_t now_unix_ms);
  Answer take(RowIndex row, const ShapeMessage& message);
  Answer take(RowIndex row, const Bye& bye);
  void start_session(RowIndex row, const Envelope& envelope);
  bool may_teach_shape(RowIndex row);
  std::string learn_shape(RowIndex row, const EncodedShape& encoded);
  bool restore_shape(const EncodedShape& encoded);
  /// Binds a row to a shape (0 = none), judges its facts, and holds readings taken before against it.
  void bind(RowIndex row, ShapeIndex shape);
  void forget_usage(RowIndex row);

  // map_child.cpp, map_batch.cpp -------------------------------------------------------------------------------------------------
  void add_child(const KnownChild& child, const std::array<std::uint8_t, 16>& mask);
  ChildAckOut answer(const ChildReport& report, std::uint64_t now_unix_ms);
  /// Why it was not taken; empty = it was.
  const char* take(ChildLink& child, const BatchHello& hello);
  const char* take(ChildLink& child, const ShapeMessage& message);
  const char* take(ChildLink& child, const BatchStates& states);
  void take_states(ChildLink& child, const BatchStates& states, std::uint64_t heard_ms);
  void take_state(ChildLink& child, RowIndex row, const BatchStates& states, std::size_t i, std::uint64_t heard_ms);

  // child_rows.cpp ---------------------------------------------------------------------------------------------------------------
  /// Gives a node the next number. Why it was refused, or null.
  const char* name_node(ChildLink& child, const BatchNode& node);
  void describe(ChildLink& child, RowIndex row, const BatchNode& node, std::uint32_t site, bool known);
  [[nodiscard]] bool make_room(ChildLink& child);
  [[nodiscard]] bool holds(const ChildLink& child, RowIndex row) const;
  /// Takes a row out of the list it is in.
  void unlist(ChildLink& child, RowIndex row);
  void set_aside(ChildLink& child, RowIndex row);
  void drop_row(ChildLink& child, RowIndex row);
  void begin_run(ChildLink& child, std::uint64_t run_id);
  void withdraw(ChildLink& child);
  [[nodiscard]] bool speaks_for(const ChildLink& child, RowIndex row) const;
  /// Removes who is to go, so much at once. True when more is left.
  bool sweep(ChildLink& child);

  // map_readers.cpp --------------------------------------------------------------------------------------------------------------
  [[nodiscard]] NodeRow node_row(RowIndex row) const;
  [[nodiscard]] NodeBrief brief(RowIndex row) const;
  void copy(RowIndex row, const NodeParts& parts, NodeChunk& chunk) const;

  std::vector<bool> judged_anew;  ///< [hardware index] its nodes are to be judged anew; empty: nobody is
  std::size_t judge_from = 0;     ///< row to go on with
  MapOptions options;
  std::shared_ptr<const ChipTable> chips;
  std::uint64_t start_ms, now_ms, revision = 0;
  std::uint64_t unix_ms = 0;  ///< wall clock of the message that is being taken
  NodeTable nodes;
  ShapeTable shapes;
  CellTable cells;
  DueTimes due;
  std::array<std::uint32_t, kLivenessCount> by_liveness{};
  SharedThings shared;
  GuestTable guests;
  DoubleTable doubles;
  ChangeFeed changes;
  std::size_t expected_nodes = 0;  ///< that come at once, of which none has said its machine's marks yet
  bool restoring = false;          ///< add_node() puts in what was known before this start
  BenchmarkAsks benchmarks;
  ConductNotes conduct;
  CloneTable clones;
  DoubtTable doubts;
  ShapePast past;
  Contradicted contradicted;
  std::set<std::uint32_t> rejudge_sites;  ///< their nodes from this row on
  RowIndex rejudge_next = 0;
  bool hello_starts = false;  ///< the hello that is being taken is the first of its run
  ServiceOrders services;
  GroupOrders group_orders;
  std::vector<bool> sites_served_anew, pools_served_anew;  ///< [index] its nodes are to be looked at; both empty: nobody is
  std::size_t serve_from = 0;                              ///< row to go on with
  std::uint64_t service_unix_ms = 0;                       ///< wall clock that orders were last held against
  ReturnNotes returns;
  LossNotes losses;
  std::unordered_map<RowIndex, std::vector<Label>> admin_labels;
  std::vector<std::shared_ptr<const Site>> sites;
  std::unordered_map<SiteId, std::uint32_t, IdHash> site_indexes;
  std::vector<std::shared_ptr<const Pool>> pools;
  std::shared_ptr<const SiteRegister> site_register;
  std::unordered_map<PoolId, std::uint32_t, IdHash> pool_indexes;
  std::shared_ptr<const RegionTable> regions;  ///< MapOptions::regions with the imported list over it
  std::shared_ptr<const Dictionaries> dictionaries;
  bool dictionaries_stale = true;      ///< sites or pools have changed since they were made
  std::uint64_t hardware_version = 0;  ///< of ShapeTable when they were made
  MapCounters counters;
  std::vector<ChildLink> children;
  std::uint32_t children_nodes = 0;  ///< rows of all of them
  std::unordered_map<ControllerId, std::uint32_t, IdHash> child_indexes;
};

}  // namespace capmap
