#pragma once
#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "controller/store/access_rows.hpp"
#include "controller/store/audit_rows.hpp"
#include "controller/store/child_rows.hpp"
#include "controller/store/clone_rows.hpp"
#include "controller/store/controller_id.hpp"
#include "controller/store/double_rows.hpp"
#include "controller/store/joining_rows.hpp"
#include "controller/store/order_rows.hpp"
#include "controller/store/own_chip_rows.hpp"
#include "controller/store/region_rows.hpp"
#include "controller/store/register_rows.hpp"
#include "controller/store/sqlite.hpp"
#include "controller/store/state_lock.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// The statements that are kept prepared, in the order of kSqlTexts.
enum Sql : std::size_t {
  kPutSite,
  kPutNode,
  kAddShape,
  kNoteShape,
  kNoteSeen,
  kNoteMachine,
  kFindSite,
  kFindNode,
  kFindNodeById,
  kProbe,
  kPutPool,
  kFindPool,
  kPutService,
  kKeepRemovedKey,
  kRemoveNode,
  kForgetRemovedKey,
  kSqlCount
};
extern const std::array<const char*, kSqlCount> kSqlTexts;

inline std::span<const std::uint8_t> bytes_of(const Bytes& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}
inline std::int64_t as_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

template <class IdType>
IdType id_at(const Statement& row, int column) {
  IdType id;
  const auto bytes = row.blob(column);
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.bytes.size()), id.bytes.begin());
  return id;
}
inline std::uint64_t count_at(const Statement& row, int column) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(row.number(column), 0));
}

/// The Store over one SQLite file: sqlite_store.cpp holds what all share, sqlite_nodes.cpp nodes, pools and shapes.
class SqliteStore final : public Store {
 public:
  SqliteStore(Database database, std::optional<StateLock> lock) : lock_(std::move(lock)), database_(std::move(database)) {}
  Result<Done> prepare();

  Result<Done> begin() override;
  Result<Done> commit() override { return database_.run("commit"); }
  void roll_back() override { static_cast<void>(database_.run("rollback")); }  // fails only where SQLite has rolled back already

  Result<Done> put_site(const Site& site) override;
  JoiningTables& joining() override { return joining_; }
  Result<Done> put_node(const KnownNode& node) override;
  Result<Done> put_child(const KnownChild& child) override { return put_child_row(database_, child); }
  Result<std::optional<KnownChild>> find_child(const std::string& key) override { return find_child_row(database_, key); }
  Result<std::optional<KnownChild>> find_child(const ControllerId& id) override { return find_child_row(database_, id); }
  Result<std::vector<KnownChild>> children() override { return child_rows(database_); }
  Result<Done> put_pool(const Pool& pool) override;
  Result<Done> put_regions(const RegionList& list) override { return put_region_rows(database_, list); }
  Result<RegionList> regions() override { return region_rows(database_); }
  Result<Done> put_own_chips(const OwnChips& own) override { return put_own_chip_rows(database_, own); }
  Result<OwnChips> own_chips() override { return own_chip_rows(database_); }
  Result<Done> put_owner(const Owner& owner) override { return put_owner_row(database_, owner); }
  Result<Done> put_link(const TrunkLink& link) override { return put_link_row(database_, link); }
  Result<SiteRegister> site_register() override { return register_rows(database_); }
  Result<std::optional<Owner>> find_owner(const std::string& name) override { return find_owner_row(database_, name); }
  Result<Done> put_service(const NodeId& node, const ServiceOrder& order) override;
  Result<Done> put_group_service(const GroupService& group) override { return put_group_service_row(database_, group); }
  Result<std::vector<GroupService>> group_services() override { return group_service_rows(database_); }
  Result<std::optional<Pool>> find_pool(const PoolId& id) override;
  Result<Done> put_node_labels(const NodeId& node, const std::vector<Label>& labels) override {
    return put_node_label_rows(database_, node, labels);
  }
  Result<std::vector<Label>> node_labels(const NodeId& node) override { return node_label_rows(database_, node); }
  Result<Done> each_label(const std::function<void(const NodeId&, const Label&)>& take) override { return each_label_row(database_, take); }
  Result<Done> remove_node(const KnownNode& node, std::uint64_t now_unix_ms) override;
  Result<Done> add_audit(const AuditEntry& entry) override;
  Result<Done> put_clone(const Clone& clone) override { return put_clone_row(database_, clone); }
  Result<std::optional<Clone>> find_clone(const NodeId& node) override { return find_clone_row(database_, node); }
  Result<std::vector<Clone>> clones() override { return clone_rows(database_); }
  Result<Done> put_double(const SettledDouble& settled) override { return put_double_row(database_, settled); }
  Result<std::vector<SettledDouble>> doubles() override { return double_rows(database_); }
  void act_for(std::string who, std::string origin) override {
    actor_ = std::move(who);
    origin_ = std::move(origin);
  }
  [[nodiscard]] const std::string& actor() const override { return actor_; }
  Result<Done> put_user(const User& user) override { return put_user_row(database_, user); }
  Result<Done> remove_user(const std::string& name) override { return remove_user_row(database_, name); }
  Result<Done> put_api_token(const ApiToken& token) override { return put_api_token_row(database_, token); }
  Result<Done> remove_api_token(const std::string& id) override { return remove_api_token_row(database_, id); }
  Result<AccessTable> access() override { return access_rows(database_); }
  Result<AuditPage> audit_page(const AuditQuestion& question) override { return audit_rows(database_, question); }
  Result<AuditHead> audit_head() override { return audit_head_row(database_); }
  Result<AuditCheck> check_audit(AuditCheck so_far, std::size_t most) override;
  Result<Done> keep_audit_head() override;
  Result<Done> note(const std::vector<NodeNote>& notes) override;

  Result<std::vector<Site>> sites() override;
  Result<std::optional<Site>> find_site(const std::string& name_or_id) override;
  Result<std::optional<KnownNode>> find_node(const std::string& public_key) override;
  Result<std::optional<KnownNode>> find_node(const NodeId& id) override;
  Result<std::vector<Pool>> pools() override;
  Result<std::optional<Pool>> find_pool(const SiteId& site, const std::string& name_or_id) override;
  Result<std::vector<RemovedNode>> removed_nodes() override;
  Result<std::uint64_t> forget_shapes(std::uint64_t now_unix_ms) override;
  Result<Done> each_node(const std::function<void(const StoredNode&)>& take) override;
  Result<std::vector<EncodedShape>> shapes() override;
  Result<std::vector<AuditEntry>> audit() override;
  Result<std::optional<ControllerId>> controller_id() override { return read_controller_id(database_); }
  Result<ControllerId> make_controller_id() override;
  Result<StoreFacts> facts() override;
  Result<Done> probe() override { return carry_out(sql(kProbe)); }
  Result<Done> tidy() override;

 private:
  Statement& sql(Sql which) { return statements_[which]; }
  static Result<Done> carry_out(Statement& statement);
  Result<Done> note_one(const NodeNote& note);
  template <class Record, class Read>
  static Result<std::optional<Record>> first(Statement& statement, Read read);
  template <class Take>
  Result<Done> each(const char* text, Take take);

  std::optional<StateLock> lock_;  // let go of last
  Database database_;
  JoiningRows joining_{database_};
  std::vector<Statement> statements_;
  int log_frames_ = 0;
  bool relaxed_ = false;  ///< synchronous=NORMAL is on
  std::string actor_, origin_;
  AuditHead head_apart_;  ///< what was kept last
};

template <class Record, class Read>
Result<std::optional<Record>> SqliteStore::first(Statement& statement, Read read) {
  const auto row = statement.step();
  if (!row) return row.error();
  if (!*row) return std::optional<Record>();
  std::optional<Record> found = read(statement);
  statement.reset();
  return found;
}

template <class Take>
Result<Done> SqliteStore::each(const char* text, Take take) {
  auto statement = database_.prepare(text);
  if (!statement) return statement.error();
  for (;;) {
    const auto row = statement->step();
    if (!row) return row.error();
    if (!*row) return Done{};
    take(*statement);
  }
}

}  // namespace capmap
