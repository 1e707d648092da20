#pragma once
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/chip_table.hpp"
#include "common/join_token.hpp"
#include "common/labels.hpp"
#include "common/messages.hpp"
#include "common/region_list.hpp"
#include "common/result.hpp"
#include "controller/access/access_table.hpp"
#include "controller/access/audit_chain.hpp"
#include "controller/map/child.hpp"
#include "controller/map/clones.hpp"
#include "controller/map/doubles.hpp"
#include "controller/map/service_order.hpp"
#include "controller/map/site.hpp"
#include "controller/store/joining.hpp"

namespace capmap {

/// A known node with what the map noted of it, lazily: both may be older than what the map knew when it ended.
struct StoredNode {
  KnownNode node;
  std::optional<ShapeId> shape;                    ///< its bytes are among shapes()
  std::optional<std::uint64_t> last_seen_unix_ms;  ///< to the hour
  ServiceOrder service{};
  MachineMarks machine{};  ///< as it said them last
  bool operator==(const StoredNode&) const = default;
};

/// What is ordered of a whole site, or of a pool of it.
struct GroupService {
  SiteId site;
  std::optional<PoolId> pool{};
  ServiceOrder order{};
  bool operator==(const GroupService&) const = default;
};

/// The key of a node that was removed: it is refused until it joins anew.
struct RemovedNode {
  std::string public_key;
  NodeId node;
  std::uint64_t removed_unix_ms = 0;
  bool operator==(const RemovedNode&) const = default;
};

/// What the map thread noted of a node it heard.
struct NodeNote {
  NodeId node;
  std::uint64_t seen_unix_ms = 0;
  std::optional<ShapeId> shape;       ///< as it said hello with; absent: as before
  std::optional<EncodedShape> bytes;  ///< that shape's own, when it was new to the map (checked by it)
  MachineMarks machine{};             ///< where the node said any
};

struct StoreFacts {
  std::uint64_t version = 0;     ///< of the tables
  std::uint64_t generation = 0;  ///< grows with each restore, and never goes back
  std::uint64_t sites = 0, nodes = 0, shapes = 0, tokens = 0, audit_entries = 0;
};

/// Keeps what agents cannot repeat. What is put between begin() and commit() is one change: all of it or nothing; a put outside is a
/// change of its own. *durable* means: commit() returned Done, so it is on the disk (fsync). On an error nothing of the change is kept;
/// after one inside begin() call roll_back(). One thread at a time.
/// Errors of all: kFull (no space), kDenied (may not be written), kMalformed (damaged: nothing may be written any more), kUnavailable.
class Store {
 public:
  virtual ~Store() = default;

  virtual Result<Done> begin() = 0;
  virtual Result<Done> commit() = 0;
  virtual void roll_back() = 0;

  /// Tokens, who waits to be let in, keys: what is put there belongs to the same changes.
  virtual JoiningTables& joining() = 0;
  Result<Done> put_token(const TokenRecord& token) { return joining().put_token(token); }
  Result<std::optional<TokenRecord>> find_token(const std::string& secret_hash) { return joining().find_token(secret_hash); }

  virtual Result<Done> put_site(const Site& site) = 0;
  /// Adds a node, or changes what was put of it before; notes stay.
  virtual Result<Done> put_node(const KnownNode& node) = 0;
  /// Adds a child controller, or changes what was put of it before.
  virtual Result<Done> put_child(const KnownChild& child) = 0;
  virtual Result<Done> put_pool(const Pool& pool) = 0;
  /// The code list of regions, in place of what was put before.
  virtual Result<Done> put_regions(const RegionList& list) = 0;
  /// Rows of the chip table that are an operator's own, in place of what was put before.
  virtual Result<Done> put_own_chips(const OwnChips& own) = 0;
  virtual Result<OwnChips> own_chips() = 0;
  /// Adds what has a new name, or changes what has it already.
  virtual Result<Done> put_owner(const Owner& owner) = 0;
  virtual Result<Done> put_link(const TrunkLink& link) = 0;
  /// What is ordered of a known node; an unknown one is passed over.
  virtual Result<Done> put_service(const NodeId& node, const ServiceOrder& order) = 0;
  /// What is ordered of a whole site, or of a pool, in place of what was; in service takes it back.
  virtual Result<Done> put_group_service(const GroupService& group) = 0;
  virtual Result<std::vector<GroupService>> group_services() = 0;
  virtual Result<std::optional<Pool>> find_pool(const PoolId& id) = 0;
  /// Labels that an admin put on a known node, in place of those before. A removed node has none.
  virtual Result<Done> put_node_labels(const NodeId& node, const std::vector<Label>& labels) = 0;
  virtual Result<std::vector<Label>> node_labels(const NodeId& node) = 0;
  virtual Result<Done> each_label(const std::function<void(const NodeId&, const Label&)>& take) = 0;
  /// Forgets a node and keeps its key among those that are refused. put_node of that key lets it in again.
  virtual Result<Done> remove_node(const KnownNode& node, std::uint64_t now_unix_ms) = 0;
  /// Adds to the audit, chained to the entry before. An entry of who "admin" is by whoever act_for() named.
  virtual Result<Done> add_audit(const AuditEntry& entry) = 0;
  /// A key that spoke from two places, in place of what was put of it before; unknown nodes are passed over, and so is one that an admin
  /// has settled since it began. A removed node has none.
  virtual Result<Done> put_clone(const Clone& clone) = 0;
  virtual Result<std::optional<Clone>> find_clone(const NodeId& node) = 0;
  virtual Result<std::vector<Clone>> clones() = 0;
  /// What an admin said of two nodes, in place of what was put of them before, whichever way round; unknown nodes are passed over. A
  /// removed node is in none.
  virtual Result<Done> put_double(const SettledDouble& settled) = 0;
  virtual Result<std::vector<SettledDouble>> doubles() = 0;
  /// For whom changes are carried out from now on, and from where; both empty: nobody in particular.
  virtual void act_for(std::string who, std::string origin) = 0;
  [[nodiscard]] virtual const std::string& actor() const = 0;
  /// Adds a user, or changes what was put of them before.
  virtual Result<Done> put_user(const User& user) = 0;
  /// With all their API tokens.
  virtual Result<Done> remove_user(const std::string& name) = 0;
  virtual Result<Done> put_api_token(const ApiToken& token) = 0;
  virtual Result<Done> remove_api_token(const std::string& id) = 0;
  /// Notes, as one change that is kept in order but not awaited on the disk: *applied*, not durable. Unknown nodes are passed over.
  virtual Result<Done> note(const std::vector<NodeNote>& notes) = 0;

  virtual Result<std::vector<Site>> sites() = 0;
  virtual Result<std::optional<Site>> find_site(const std::string& name_or_id) = 0;
  virtual Result<std::optional<KnownNode>> find_node(const std::string& public_key) = 0;
  virtual Result<std::vector<KnownChild>> children() = 0;
  virtual Result<std::optional<KnownChild>> find_child(const std::string& public_key) = 0;
  virtual Result<std::optional<KnownChild>> find_child(const ControllerId& id) = 0;
  virtual Result<std::optional<KnownNode>> find_node(const NodeId& id) = 0;
  virtual Result<std::vector<Pool>> pools() = 0;
  virtual Result<RegionList> regions() = 0;
  virtual Result<std::optional<Pool>> find_pool(const SiteId& site, const std::string& name_or_id) = 0;
  /// Owners and trunk links, ascending by name.
  virtual Result<SiteRegister> site_register() = 0;
  virtual Result<std::optional<Owner>> find_owner(const std::string& name) = 0;
  virtual Result<std::vector<RemovedNode>> removed_nodes() = 0;
  /// Deletes the shapes that no node has had for a day and an hour, as one change of its own; how many. Cost: a look at all nodes.
  virtual Result<std::uint64_t> forget_shapes(std::uint64_t now_unix_ms) = 0;
  /// All nodes, in no order. Cost: about a second a million.
  virtual Result<Done> each_node(const std::function<void(const StoredNode&)>& take) = 0;
  virtual Result<std::vector<EncodedShape>> shapes() = 0;
  virtual Result<AccessTable> access() = 0;
  virtual Result<std::vector<AuditEntry>> audit() = 0;
  virtual Result<AuditPage> audit_page(const AuditQuestion& question) = 0;
  /// How far the audit goes.
  virtual Result<AuditHead> audit_head() = 0;
  /// Goes on with a check of the audit by at most `most` entries. Begun with {}: then what is kept apart is one of its witnesses.
  virtual Result<AuditCheck> check_audit(AuditCheck so_far, std::size_t most) = 0;
  /// Keeps apart from the database how far the audit goes (audit.head), where that has changed.
  virtual Result<Done> keep_audit_head() = 0;
  /// The controller's own id, which it keeps for good; absent: it was never given one.
  virtual Result<std::optional<ControllerId>> controller_id() = 0;
  /// Its id, made where there is none yet: a change of its own, durable when this answers.
  virtual Result<ControllerId> make_controller_id() = 0;
  virtual Result<StoreFacts> facts() = 0;

  /// Writes something small, so that a full or read-only disk is noticed to be well again.
  virtual Result<Done> probe() = 0;
  /// What can wait until nobody does: moves the write-ahead log into the database when it has grown.
  virtual Result<Done> tidy() = 0;
};

/// What to do where the folder holds no store yet.
enum class NoStore : unsigned char { kRefuse, kCreate };

/// Opens `store.db` of a state folder and holds the folder's lock: brings older tables to this version (a copy of the old file is kept
/// beside it), checks the file (PRAGMA quick_check), and takes over a journal `store.jsonl` of an older capmap once (kept as
/// store.jsonl.imported). Errors: as Store; kUnavailable (another process holds the folder); kAbsent (no store, and not to be created);
/// kMalformed with the way out, the file untouched.
Result<std::unique_ptr<Store>> open_store(const std::string& directory, NoStore none);

/// As open_store(), but the file is checked when `checked` is asked for, by who asks: before anything is written or promised, so that it
/// can be read meanwhile. Tables of an older version are brought up to date after the check all the same.
struct StoreInCheck {
  std::unique_ptr<Store> store;
  std::future<Result<Done>> checked;
};
Result<StoreInCheck> open_store_in_check(const std::string& directory, NoStore none);

/// Checks the words of a site (region digits, owner class, compute class, service, security level, name length, coordinates, shares), and
/// what it declares. Errors: kMalformed naming the field and what is allowed.
Result<Done> validate_site(const Site& site);
/// The same of an owner, and of a trunk link but for its ends.
Result<Done> validate_owner(const Owner& owner);
Result<Done> validate_link(const TrunkLink& link);
/// The class of a site that names an owner: its own, or the owner's where it declares none. Errors: kMalformed, where they differ.
Result<std::string> owner_class_of(const Site& site, const Owner& owner);

}  // namespace capmap
