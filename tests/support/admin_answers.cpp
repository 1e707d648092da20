#include "tests/support/admin_answers.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace capmap::support {
namespace {

/// An import adds all it names, and its digest is always "d1".
AdminChange import_change(const ImportRecords& import) {
  const auto body = import.read(import.body);
  if (!body) return body.error();
  auto outcome = std::make_shared<ImportOutcome>();
  outcome->digest = "d1";
  for (std::size_t i = 0; i < body->tables.size(); ++i) outcome->counts[i].added = body->tables[i].rows.size();
  using enum ImportOutcome::End;
  outcome->end = body->dry_run ? kShown : body->expect.empty() || body->expect == "d1" ? kApplied : kOtherThanShown;
  return ImportDone{std::move(outcome)};
}

/// What concerns users, API tokens and the audit: user "absent" and token "absent" are not known, user "exists" is there.
std::optional<AdminChange> access_change(const decltype(AdminRequest::what)& what) {
  const Error absent{ErrorCode::kAbsent, "there is none"};
  if (const auto* put = std::get_if<PutUser>(&what)) {
    if (put->name == "absent") return absent;
    if (put->name == "exists") return Error{ErrorCode::kDenied, "name: is already there"};
    return UserPut{.user = {.name = put->name, .role = put->role.value_or(Role::kViewer)}, .created = put->create};
  }
  if (const auto* removed = std::get_if<RemoveUser>(&what)) {
    return removed->name == "absent" ? AdminChange(absent) : UserRemoved{.name = removed->name, .tokens = 1};
  }
  if (const auto* make = std::get_if<MakeApiToken>(&what)) {
    if (make->user == "absent") return absent;
    return ApiTokenMade{.token = {.id = "t1", .user = make->user, .secret_hash = {}}, .secret = "cma1.secret"};
  }
  if (const auto* revoke = std::get_if<RevokeApiToken>(&what)) {
    return revoke->id == "absent" ? AdminChange(absent) : ApiTokenRevoked{{.id = revoke->id, .user = "a", .secret_hash = {}}};
  }
  if (const auto* pair = std::get_if<SettleDouble>(&what)) {
    return DoubleSettled{{.node = pair->node, .other = pair->other, .same = pair->same, .settled_unix_ms = 1'790'000'000'000}};
  }
  if (std::holds_alternative<NoteAudit>(what) || std::holds_alternative<NoteUses>(what)) return Noted{};
  const AuditEntry entry{.at_unix_ms = 1'790'000'000'000, .who = "a", .what = "b", .subject = "c", .detail = "d"};
  if (std::holds_alternative<AskAudit>(what)) return AuditPage{.lines = {{.number = 1, .entry = entry, .hash = audit_hash("", 1, entry)}}};
  if (const auto* check = std::get_if<CheckAudit>(&what)) {
    auto done = check->so_far;
    check_next(done, {.number = 1, .entry = entry, .hash = audit_hash("", 1, entry)});
    if (!done.done) check_end(done, done.reached);
    return done;
  }
  return std::nullopt;
}

/// Of joining and keys: number 99, node 99 and the token "absent" are not known.
AdminChange joining_change(const JoiningRequest& request) {
  const Error absent{ErrorCode::kAbsent, "no such thing"};
  const NodeId stranger{{99}};
  TokenInfo token{
      .record = {.secret_hash = std::string(64, 'a'), .site = SiteId{{1}}, .uses_left = 1}, .site = "one", .pool = "", .child_sites = {}};
  if (std::holds_alternative<ListTokens>(request.what)) return JoiningDone{TokenList{.tokens = {token}, .most = 1'000}};
  if (const auto* revoke = std::get_if<RevokeToken>(&request.what)) {
    return revoke->name_or_id == "absent" ? AdminChange(absent) : JoiningDone{TokenRevoked{token}};
  }
  const ApprovalRule rule{.number = 3, .from = *parse_address_range("10.0.0.0/8"), .until_unix_ms = 1'900'000'000'000};
  if (std::holds_alternative<ListPending>(request.what)) {
    PendingList list;
    PendingInfo info;
    info.node.id = NodeId{{4}};
    info.node.hostname = "new";
    list.nodes.push_back(std::move(info));
    list.rules.push_back({.rule = rule, .site = ""});
    return JoiningDone{list};
  }
  if (const auto* decide = std::get_if<DecidePending>(&request.what)) {
    PendingDecided decided{.id = decide->id};
    if (decide->approve) decided.admitted = KnownNode{};
    return decide->id == stranger ? AdminChange(absent) : JoiningDone{decided};
  }
  if (const auto* add = std::get_if<AddApprovalRule>(&request.what)) {
    return add->site == "absent" ? AdminChange(absent) : JoiningDone{RuleAdded{.rule = {.rule = rule, .site = ""}}};
  }
  if (const auto* remove = std::get_if<RemoveApprovalRule>(&request.what)) {
    return remove->number == 99 ? AdminChange(absent) : JoiningDone{RuleRemoved{remove->number}};
  }
  const RevokedKey key{.public_key = std::string(40, 'k'), .owner = {4}, .revoked_unix_ms = 1, .reason = "lost"};
  const ServerKeyStatus server{.phase = "learning", .public_key = std::string(40, 'p'), .second_public_key = std::string(40, 'q')};
  if (std::holds_alternative<ListRevoked>(request.what)) return JoiningDone{RevokedList{.keys = {key}, .server = server}};
  if (const auto* own = std::get_if<RotateServerKey>(&request.what)) {
    return JoiningDone{ServerKeyTold{.status = server, .refused = own->finish ? "2 of 7 do not know the next key" : ""}};
  }
  if (const auto* rotate = std::get_if<RotateKeys>(&request.what)) {
    return rotate->node == stranger ? AdminChange(absent) : JoiningDone{RotationAsked{rotate->node, rotate->child}};
  }
  return std::get<RevokeKey>(request.what).node == stranger ? AdminChange(absent) : JoiningDone{KeysRevoked{.keys = {key}, .name = "n"}};
}

}  // namespace

AdminChange admin_change(const decltype(AdminRequest::what)& what) {
  if (const auto* import = std::get_if<ImportRecords>(&what)) return import_change(*import);
  if (const auto* joining = std::get_if<JoiningRequest>(&what)) return joining_change(*joining);
  if (const auto* chips = std::get_if<ChangeChips>(&what)) {
    return ChipsChanged{.before_version = "7",
                        .version = "7-0a",
                        .digest = "d",
                        .changes = {},
                        .effects = {},
                        .dry_run = chips->dry_run,
                        .others = !chips->expect.empty()};
  }
  const Error no_node{ErrorCode::kAbsent, "no such node"};
  const NodeId stranger{{99}};
  if (const auto* group = std::get_if<OrderGroupService>(&what)) {
    GroupServiceOrdered ordered{.site = {}, .pool = {}, .order = group->order};
    ordered.site.name = group->site;
    if (!group->pool.empty()) ordered.pool = Pool{};
    const bool absent = group->site == "absent" || group->pool == to_text(PoolId{{99}});
    return absent ? AdminChange(Error{ErrorCode::kAbsent, "not there"}) : AdminChange(ordered);
  }
  if (const auto* move = std::get_if<MoveNode>(&what)) {
    KnownNode node;
    node.id = move->node;
    return move->node == stranger ? AdminChange(no_node) : NodeMoved{node};
  }
  if (const auto* labels = std::get_if<LabelNode>(&what)) {
    return labels->node == stranger ? AdminChange(no_node) : NodeLabelled{.node = labels->node, .labels = labels->labels};
  }
  if (const auto* service = std::get_if<OrderService>(&what)) {
    return service->node == stranger ? AdminChange(no_node) : ServiceOrdered{.node = service->node, .order = service->order};
  }
  if (const auto* pool = std::get_if<AssignPool>(&what)) {
    KnownNode node;
    node.id = pool->node;
    if (!pool->pool.empty()) node.pool = PoolId{{7}};
    return pool->node == stranger ? AdminChange(no_node) : PoolAssigned{node};
  }
  if (const auto* removed = std::get_if<RemoveNode>(&what)) {
    KnownNode node;
    node.id = removed->node;
    return removed->node == stranger ? AdminChange(no_node) : NodeRemoved{node};
  }
  if (const auto* pool = std::get_if<AddPool>(&what)) {
    if (pool->pool.name == "exists") return Error{ErrorCode::kDenied, "name: is already there"};
    if (pool->site == "absent") return Error{ErrorCode::kAbsent, "site: no such site"};
    return pool->pool;
  }
  if (const auto* edit = std::get_if<EditSite>(&what)) {
    if (edit->site == "absent") return Error{ErrorCode::kAbsent, "no such site"};
    SiteEdited edited{.site = {}, .changes = {}, .digest = "d1"};
    edited.site.name = edit->site;
    for (const auto& [column, text] : edit->texts) edited.changes.push_back({.column = column, .before = {}, .after = text});
    const bool other = !edit->expect.empty() && edit->expect != edited.digest;
    edited.end = edit->dry_run ? SiteEdited::End::kShown : other ? SiteEdited::End::kOtherThanShown : SiteEdited::End::kApplied;
    return edited;
  }
  if (const auto* declare = std::get_if<DeclareSite>(&what)) {
    if (declare->site == "absent") return Error{ErrorCode::kAbsent, "no such site"};
    Site site;
    site.name = declare->site;
    site.declared = declare->declared;
    return SiteDeclared{site};
  }
  if (const auto* code = std::get_if<CodeSite>(&what)) {
    if (code->site == "absent") return Error{ErrorCode::kAbsent, "no such site"};
    Site site;
    site.name = code->site;
    site.codes = code->codes;
    return SiteCoded{site};
  }
  if (const auto* settle = std::get_if<SettleClone>(&what)) {
    return settle->node == stranger ? AdminChange(no_node) : CloneSettled{.node = settle->node, .keep_run = settle->keep_run};
  }
  if (const auto* import = std::get_if<ImportRegions>(&what)) {
    const auto now = RegionTable::with_list(import->catalog, import->list);
    if (!now) return now.error();
    RegionsImported imported{.list = import->list, .rows = import->list.rows.size(), .dry_run = import->dry_run, .changed = true};
    imported.changes = changes_between(*import->catalog, *now);
    return imported;
  }
  if (auto access = access_change(what)) return *access;
  const auto* add = std::get_if<AddSite>(&what);
  const std::string name = add != nullptr ? add->site.name : std::get<CreateToken>(what).site;
  if (name == "exists") return Error{ErrorCode::kDenied, "name: is already there"};
  if (name == "broken") return Error{ErrorCode::kUnavailable, "the store is away"};
  if (name == "full") return Error{ErrorCode::kFull, "no space left"};
  if (name == "absent") return Error{ErrorCode::kAbsent, "site: no such site"};
  if (add != nullptr) return add->site;
  const auto& token = std::get<CreateToken>(what);
  return CreatedToken{.text = "cmt1.secret", .site_name = name, .uses = token.uses, .expires_unix_ms = token.expires_unix_ms};
}

}  // namespace capmap::support
