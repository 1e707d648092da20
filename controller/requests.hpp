#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/chip_table_own.hpp"
#include "common/ids.hpp"
#include "common/labels.hpp"
#include "common/region_table.hpp"
#include "common/result.hpp"
#include "controller/access/principal.hpp"
#include "controller/access_requests.hpp"
#include "controller/alerts.hpp"
#include "controller/history/past.hpp"
#include "controller/history/usage_series.hpp"
#include "controller/import_request.hpp"
#include "controller/joining_requests.hpp"
#include "controller/map/map_view.hpp"
#include "controller/map/node_selection.hpp"
#include "controller/sql/sql_run.hpp"

namespace capmap {

/// What the http thread asks of the threads that own the answer, and what they answer, as objects over internal pipes.
/// A ticket is http's own number of the waiting connection.

/// To the map thread (inproc://map, inside MapInput): one node, or one chunk of rows.
struct NodeQuery {
  std::uint64_t ticket = 0;
  std::optional<NodeId> id;  ///< absent: the chunk
  std::size_t chunk = 0;
  std::uint32_t benchmark_seconds = 0;  ///< with id: ask the node to measure itself; 0 = only look
  bool resolve = false;                 ///< with id: as CapacityMap::resolve
  /// Of the chunk only these; null: all. The map thread's until it has answered.
  std::shared_ptr<NodeSelection> selection{};
  std::optional<ShapeId> shape{};       ///< instead of nodes: the hardware it is of
  std::optional<ControllerId> child{};  ///< instead of nodes: that child
  /// Instead of whole rows these parts of them, told to that SQL worker: of so many chunks from `chunk` on, or of the one with `id`.
  std::optional<NodeParts> parts{};
  std::size_t chunks = 1;
  std::uint8_t worker = 0;
};
/// To an SQL worker (kSqlRowsPipes), of a question with parts.
struct NodePartsAnswer {
  std::uint64_t ticket = 0;
  NodeTold told;
};
struct NodeAnswer {
  std::uint64_t ticket = 0;
  std::vector<NodeRow> rows;  ///< empty: no such node, or chunk past the end
  std::size_t chunk_count = 0;
  std::optional<std::uint32_t> hardware{};  ///< of the shape that was asked for; absent: it is not known
  std::optional<ChildRow> child{};          ///< that was asked for; absent: it is not known
};

/// To the store thread (inproc://admin): it alone changes what must last.
struct AddSite {
  Site site;  ///< id is made by the store thread
};
struct DeclareSite {
  std::string site;           ///< name or s-… id
  DeclaredCapacity declared;  ///< in place of all that was declared before
};
/// Some of what is declared of a site, by column names (controller/store/columns.hpp).
struct EditSite {
  std::string site;                                        ///< name or s-… id
  std::vector<std::pair<std::string, std::string>> texts;  ///< (column, text); an empty one withdraws what was declared
  std::shared_ptr<const RegionTable> regions;              ///< null: codes are not looked up
  bool dry_run = false;                                    ///< only say what it would change
  std::string expect{};                                    ///< digest of the changes that somebody has seen; empty: whatever they are
};
struct CodeSite {
  std::string site;  ///< name or s-… id
  SiteCodes codes;   ///< in place of all that were declared before
};
struct CreateToken {
  std::string site;                        ///< name or s-… id
  std::vector<std::string> child_sites{};  ///< likewise; not empty: instead of `site`, for child controllers that speak for these
  std::uint32_t uses = 1;
  std::uint64_t expires_unix_ms = 0;
  std::string name{};                ///< for people; empty = none
  std::string pool{};                ///< name or p-… id of a pool of the site; empty = none
  std::vector<AddressRange> from{};  ///< not empty: it works from there alone
  bool by_hand = false;              ///< who shows it waits for an approval
};
struct AddPool {
  std::string site;  ///< name or s-… id
  Pool pool;         ///< id and site are made by the store thread
};
struct OrderService {
  NodeId node;
  ServiceOrder order;  ///< who is set by the store thread
};
/// Of all nodes of a site, or of one of its pools.
struct OrderGroupService {
  std::string site;    ///< name or s-… id; of a pool that is named by its id empty
  std::string pool{};  ///< name or p-… id; empty: the whole site
  ServiceOrder order;  ///< who is set by the store thread
};
struct MoveNode {
  NodeId node;
  std::string site;    ///< name or s-… id
  std::string pool{};  ///< name or p-… id of a pool there; empty: none
};
/// Labels of a node beside its agent's.
struct LabelNode {
  NodeId node;
  std::vector<Label> labels{};  ///< an empty value takes the label back
};
struct AssignPool {
  NodeId node;
  std::string pool;  ///< name or p-… id of a pool of the node's site; empty: none
};
struct RemoveNode {
  NodeId node;
};
/// Of a key that spoke from two places: which run is the node. Where neither is, its keys are revoked (ChangeKeys).
struct SettleClone {
  NodeId node;
  std::uint64_t keep_run = 0;
};
/// Of two nodes that say they are one machine: `node` is `other`, or they are two.
struct SettleDouble {
  NodeId node, other;
  bool same = false;
};
inline constexpr std::size_t kMostSettledDoubles = 10'000;
/// The code list of regions in force from now on.
struct ImportRegions {
  RegionList list;                             ///< its rows are checked
  std::shared_ptr<const RegionTable> catalog;  ///< what it lies over
  bool dry_run = false;                        ///< only say what it would change
};
/// Rows of the chip table that are an operator's own.
struct ChangeChips {
  std::shared_ptr<const MapView> view;  ///< of which the table in force and the hardware it rates are; never without a table
  std::optional<ChipFile> file{};       ///< absent: none; what lies in the catalog's folder is read anew
  std::string rows{};                   ///< CSV with that file's titles
  bool replace = false;                 ///< they are all there are of that file
  bool dry_run = false;                 ///< only say what it would change
  std::string expect{};                 ///< digest of the changes that somebody has seen; empty: whatever they are
};
struct AdminRequest {
  std::uint64_t ticket = 0;
  std::variant<AddSite, EditSite, DeclareSite, CreateToken, AddPool, OrderService, OrderGroupService, MoveNode, LabelNode, AssignPool,
               RemoveNode, ImportRegions, CodeSite, ImportRecords, SettleClone, SettleDouble, ChangeChips, JoiningRequest, PutUser,
               RemoveUser, MakeApiToken, RevokeApiToken, NoteAudit, NoteUses, AskAudit, CheckAudit>
      what;
  std::shared_ptr<const Asker> asker{};  ///< in whose name; null: the controller itself
};
/// The token text an admin hands to `capmap-agent join`. Shown once; the store keeps only its hash.
struct CreatedToken {
  std::string text;
  std::string site_name;
  std::uint32_t uses = 1;
  std::uint64_t expires_unix_ms = 0;
  std::string id{}, name{};
};
struct SiteDeclared {
  Site site;
};
struct SiteEdited {
  enum class End : std::uint8_t { kShown, kApplied, kOtherThanShown };
  Site site;  ///< as it is with the changes
  std::vector<FieldChange> changes;
  std::string digest;  ///< of them
  End end = End::kShown;
};
struct SiteCoded {
  Site site;
};
struct ServiceOrdered {
  NodeId node;
  ServiceOrder order;
};
struct GroupServiceOrdered {
  Site site;
  std::optional<Pool> pool;
  ServiceOrder order;
};
struct NodeMoved {
  KnownNode node;
};
struct NodeLabelled {
  NodeId node;
  std::vector<Label> labels;  ///< all that an admin put there, as they are now
};
struct PoolAssigned {
  KnownNode node;
};
struct NodeRemoved {
  KnownNode node;
  std::string next_key{};  ///< it had offered, and is refused too; empty: none
};
struct CloneSettled {
  NodeId node;
  std::uint64_t keep_run = 0;
};
struct DoubleSettled {
  SettledDouble settled;
};
struct ImportDone {
  std::shared_ptr<const ImportOutcome> outcome;  ///< never null
};
struct RegionsImported {
  RegionList list;       ///< with what former lists said
  std::size_t rows = 0;  ///< of the list itself
  bool dry_run = false, changed = false;
  RegionChanges changes{};
  std::vector<Site> outside{};  ///< sites whose code is not in the list
};
/// One part that would be rated otherwise than now.
struct ChipEffect {
  std::string what;         ///< model of the processor, or name of the accelerator, as the new table has it
  std::string before, now;  ///< why it is not rated; empty: it is
  std::uint64_t nodes = 0, parts = 0;
  bool operator==(const ChipEffect&) const = default;
};
struct ChipsChanged {
  std::string before_version, version, digest;
  std::vector<OwnChipChange> changes;
  std::vector<ChipEffect> effects;
  bool dry_run = false;
  bool others = false;  ///< the changes are not those that were expected: nothing was changed
  std::shared_ptr<const ChipTable> chips{};
  std::shared_ptr<const RatedHardware> rated{};
};
/// What was changed, or why not.
using AdminChange =
    std::variant<Error, Site, SiteEdited, SiteDeclared, CreatedToken, Pool, ServiceOrdered, GroupServiceOrdered, NodeMoved, NodeLabelled,
                 PoolAssigned, NodeRemoved, RegionsImported, SiteCoded, ImportDone, CloneSettled, DoubleSettled, ChipsChanged, JoiningDone,
                 UserPut, UserRemoved, ApiTokenMade, ApiTokenRevoked, AuditPage, AuditCheck, Noted, OutOfScope>;
struct AdminAnswer {
  std::uint64_t ticket = 0;
  AdminChange what;
};

/// To the history thread (inproc://history): what was.
struct AskPastMap {
  std::uint64_t at_unix_ms = 0;
  std::string chips;  ///< name of a chip table that is kept; empty = that in use
};
struct AskPastSpans {};
struct HistoryRequest {
  std::uint64_t ticket = 0;
  std::variant<AskPastMap, EventQuestion, AskPastSpans, UsageQuestion> what;
};
struct HistoryAnswer {
  std::uint64_t ticket = 0;
  std::variant<Error, PastMap, PastEvents, PastSpans, UsageSeries> what;
};

/// To the password worker (inproc://passwords), which does one at a time: it takes tens of milliseconds and megabytes.
struct PasswordJob {
  std::uint64_t ticket = 0;
  std::string password;
  std::optional<std::string> hash{};  ///< to hold it against; absent: make one. Empty: nothing fits, but it takes as long
};
struct PasswordDone {
  std::uint64_t ticket = 0;
  bool fits = false;
  std::string hash{};  ///< that was made
};

/// To an SQL worker, which does one at a time.
inline constexpr std::uint8_t kSqlWorkers = 2;
struct SqlJob {
  std::uint64_t ticket = 0;
  SqlQuestion question;
};
struct SqlDone {
  std::uint64_t ticket = 0;
  std::uint8_t worker = 0;  ///< which is free now
  std::variant<SqlRefusal, SqlAnswer> what;
};

/// To the http thread (inproc://http).
struct AlertTold {
  Alert alert;
};
using HttpInput = std::variant<NodeAnswer, AdminAnswer, HistoryAnswer, PasswordDone, SqlDone, AlertTold>;

}  // namespace capmap
