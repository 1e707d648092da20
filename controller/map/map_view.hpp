#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/hardware.hpp"
#include "common/ids.hpp"
#include "common/labels.hpp"
#include "controller/map/cell.hpp"
#include "controller/map/cell_columns.hpp"
#include "controller/map/change_feed.hpp"
#include "controller/map/clones.hpp"
#include "controller/map/doubles.hpp"
#include "controller/map/doubts.hpp"
#include "controller/map/group_orders.hpp"
#include "controller/map/guests.hpp"
#include "controller/map/hardware_row.hpp"
#include "controller/map/left_out.hpp"
#include "controller/map/losses.hpp"
#include "controller/map/service_order.hpp"
#include "controller/map/shared_things.hpp"
#include "controller/map/site.hpp"

namespace capmap {

class DescriptorTable;
class Dictionaries;
class RegionTable;

/// Everything readers see, at one moment, immutable. Node rows are not in it.
struct MapView {
  std::uint64_t revision = 0;  ///< grows by one with each published change
  std::uint64_t epoch = 0;     ///< of this controller start
  std::uint64_t at_boot_ms = 0, at_unix_ms = 0;
  std::string catalog_version;
  std::shared_ptr<const ChipTable> chips;                    ///< what `hardware` is rated with; null = nothing
  std::uint32_t known_nodes = 0;                             ///< let in and neither retired nor removed
  std::uint32_t resyncing_nodes = 0;                         ///< of those, not heard since this controller started; 0 = the map is complete
  bool resync_over = false;                                  ///< the grace period has passed, or all were heard
  std::vector<std::shared_ptr<const Site>> sites;            ///< [site index]; 0 is never used
  std::vector<std::shared_ptr<const HardwareRow>> hardware;  ///< [hardware index]; 0 = no shape known yet (null)
  std::vector<std::shared_ptr<const Pool>> pools;            ///< [pool index]; 0 = none
  CellColumns cells;
  std::shared_ptr<const NodeChanges> changes;             ///< the newest changes of nodes; null = none is noted
  std::shared_ptr<const SharedTable> shared;              ///< things that count once for all nodes; null = none
  GuestTable::Published guests;                           ///< virtual machines that are counted in their hosts; null = none
  DoubleTable::Published doubles;                         ///< nodes that say they are one machine; null = none
  std::shared_ptr<const Dictionaries> dictionaries;       ///< of sites and hardware, shared between views until one of them changes
  std::shared_ptr<const RegionTable> regions;             ///< null = none are known
  std::shared_ptr<const DescriptorTable> descriptors;     ///< null = none are known
  std::shared_ptr<const SiteRegister> site_register;      ///< owners and trunk links; null = none
  std::shared_ptr<const std::vector<Clone>> clones;       ///< keys that spoke from two places, ascending by node; null = none
  std::shared_ptr<const GroupOrders::List> group_orders;  ///< of sites and pools; null = none
  DoubtCounts doubts{};                                   ///< contradicted nodes by reason
  std::optional<Contradicted> contradicted;               ///< what they claim, and what policy makes of it; absent: of the past
};

/// A child controller as a reader gets it.
struct ChildRow {
  ControllerId id;
  std::string name;
  std::vector<SiteId> sites;  ///< that it may speak for
  std::uint64_t joined_unix_ms = 0;
  std::uint32_t nodes = 0;  ///< rows it has in the map
};

/// One node as a reader gets it: copied out of the table one chunk at a time.
struct NodeRow {
  NodeId id;
  std::uint32_t slot = 0;  ///< its place in its chunk, which it keeps
  std::uint32_t site = 0, pool = 0, hardware = 0;
  Liveness liveness = Liveness::kResyncing;  ///< kLost and never heard: let in since the start, no hello yet, in no cell
  ServiceState service = ServiceState::kInService;
  bool counted = false;                                     ///< in a cell
  ServiceState counted_service = ServiceState::kInService;  ///< as its cell has it: quarantined where the map leaves it out of totals
  std::optional<NodeId> counted_in{};                       ///< the node in whose figures it is: it is inside of it, or
  bool same_machine = false;                                ///< it is that node under another key
  std::vector<NodeId> guests{};                             ///< virtual machines that are counted in this node
  std::optional<ServiceOrder> order{};                      ///< what is ordered of it, also where that has not begun yet
  std::optional<ServiceOrder> site_order{}, pool_order{};   ///< likewise of its site and pool; the strongest of the three holds
  std::vector<std::uint64_t> returns_boot_ms{};             ///< when it came back after it was no longer fresh, within a day, oldest first
  std::optional<LostMessages> lost_messages{};              ///< absent: all of its last ones came
  std::optional<ControllerId> child{};                      ///< who speaks for it; told by CapacityMap::resolve() alone
  Verdict verdict = Verdict::kUnproven;
  std::uint64_t revision = 0;                       ///< of its last change
  std::optional<std::uint64_t> last_heard_boot_ms;  ///< absent: not since this controller started
  std::optional<std::uint64_t>
      last_seen_unix_ms{};  ///< not heard since then: when it was seen before, or up to an hour later; absent: never
  std::uint32_t interval_ms = 0, session = 0, seq = 0;
  ShapeId shape_id;
  std::string hostname, os, kernel, agent_version, virtualization;
  std::optional<std::uint64_t> memory_total_bytes;
  std::optional<std::uint32_t> pus_allowed;
  std::optional<std::uint64_t> file_systems_size_mb;  ///< what usage.readings.storage_used_mb is a part of
  std::optional<std::int64_t> clock_skew_ms;          ///< agent's wall clock minus ours at its last hello
  std::vector<std::string> disk_names, nic_names, accelerator_addresses;
  std::optional<Measured> measured;  ///< its newest benchmark
  Usage usage;                       ///< last known; problems of hello and usage together in `problems`
  std::vector<Problem> problems;
  std::vector<Finding> findings;  ///< why the verdict is what it is
  std::optional<std::uint64_t> contradicted_since_boot_ms{};
  std::optional<std::uint64_t> cpu_free_millicores, memory_free_mib, storage_free_mb;  ///< as its cell has them
  Devices devices;
  std::uint32_t accelerators_use_unknown = 0;
  std::string maker, product;
  std::vector<Label> labels;        ///< its agent's, with an admin's over them
  std::vector<Label> admin_labels;  ///< those of them that an admin put there
  std::vector<AcceleratorDriver> accelerator_drivers;
  std::vector<std::optional<std::uint32_t>> accelerator_power_limit_watts;  ///< [accelerator_addresses]; empty: none is told
};

}  // namespace capmap
