#include "controller/changes_told.hpp"

#include <memory>
#include <type_traits>
#include <utility>

#include "common/log.hpp"
#include "common/transport.hpp"
#include "controller/pipes.hpp"
#include "controller/zap.hpp"

namespace capmap {
namespace {

Result<Done> tell_map(const JoiningPipes& pipes, MapInput what) {
  return send_object(pipes.map, std::make_unique<MapInput>(std::move(what)));
}

Result<Done> told(const Site& site, const JoiningPipes& pipes) {
  log_info("site_added", {{"id", to_text(site.id)}, {"name", site.name}});
  return tell_map(pipes, SiteChanged{site});
}

Result<Done> told(const SiteEdited& edited, const JoiningPipes& pipes) {
  if (edited.end != SiteEdited::End::kApplied || edited.changes.empty()) return Done{};
  log_info("site_changed", {{"id", to_text(edited.site.id)}, {"name", edited.site.name}});
  return tell_map(pipes, SiteChanged{edited.site});
}

Result<Done> told(const SiteDeclared& declared, const JoiningPipes& pipes) {
  log_info("site_declared", {{"id", to_text(declared.site.id)}, {"name", declared.site.name}});
  return tell_map(pipes, SiteChanged{declared.site});
}

Result<Done> told(const SiteCoded& coded, const JoiningPipes& pipes) {
  log_info("site_coded", {{"id", to_text(coded.site.id)}, {"name", coded.site.name}});
  return tell_map(pipes, SiteChanged{coded.site});
}

Result<Done> told(const CreatedToken& token, const JoiningPipes&) {
  log_info("token_created", {{"site", token.site_name}, {"uses", token.uses}});
  return Done{};
}

Result<Done> told(const Pool& pool, const JoiningPipes& pipes) {
  log_info("pool_added", {{"id", to_text(pool.id)}, {"name", pool.name}});
  return tell_map(pipes, PoolChanged{pool});
}

Result<Done> told(const ServiceOrdered& service, const JoiningPipes& pipes) {
  log_info("service_ordered", {{"node", to_text(service.node)},
                               {"state", kServiceStateNames[static_cast<std::size_t>(service.order.state)]},
                               {"why", service.order.why}});
  return tell_map(pipes, ServiceChanged{service.node, service.order});
}

Result<Done> told(const GroupServiceOrdered& ordered, const JoiningPipes& pipes) {
  log_info("group_service_ordered", {{"site", ordered.site.name},
                                     {"pool", ordered.pool ? ordered.pool->name : ""},
                                     {"state", kServiceStateNames[static_cast<std::size_t>(ordered.order.state)]},
                                     {"why", ordered.order.why}});
  const auto pool = ordered.pool ? std::optional(ordered.pool->id) : std::nullopt;
  return tell_map(pipes, GroupServiceChanged{.site = ordered.site.id, .pool = pool, .order = ordered.order});
}

Result<Done> told(const NodeMoved& moved, const JoiningPipes& pipes) {
  log_info("node_moved", {{"node", to_text(moved.node.id)}, {"site", to_text(moved.node.site)}});
  return tell_map(pipes, NodeAdmitted{moved.node});
}

Result<Done> told(const NodeLabelled& labelled, const JoiningPipes& pipes) {
  return tell_map(pipes, LabelsChanged{.node = labelled.node, .labels = labelled.labels});
}

Result<Done> told(const PoolAssigned& assigned, const JoiningPipes& pipes) {
  return tell_map(pipes, NodeAdmitted{assigned.node});
}

Result<Done> told(const RegionsImported& imported, const JoiningPipes& pipes) {
  if (!imported.changed || imported.dry_run) return Done{};
  log_info("regions_imported", {{"year", imported.list.year}, {"regions", imported.rows}});
  return tell_map(pipes, RegionsChanged{imported.list});
}

Result<Done> told(const ChipsChanged& changed, const JoiningPipes& pipes) {
  if (changed.dry_run || changed.others) return Done{};
  log_info("chips_in_force", {{"version", changed.version}, {"before", changed.before_version}, {"rows_changed", changed.changes.size()}});
  return tell_map(pipes, ChipsInForce{.chips = changed.chips, .rated = changed.rated});
}

Result<Done> told(const ImportDone& imported, const JoiningPipes& pipes) {
  const auto& outcome = imported.outcome;
  if (outcome->end != ImportOutcome::End::kApplied || outcome->change_count == 0) return Done{};
  log_info("records_imported", {{"changes", outcome->change_count}, {"sites", outcome->sites.size()}, {"digest", outcome->digest}});
  return tell_map(pipes, RecordsImported{outcome});
}

Result<Done> told(const NodeRemoved& removed, const JoiningPipes& pipes) {
  log_info("node_removed", {{"node", to_text(removed.node.id)}, {"hostname", removed.node.hostname}});
  return tell_removed(removed, pipes);
}

Result<Done> told(const CloneSettled& settled, const JoiningPipes& pipes) {
  log_info("clone_settled", {{"node", to_text(settled.node)}});
  return tell_map(pipes, CloneKept{.node = settled.node, .run = settled.keep_run});
}

Result<Done> told(const DoubleSettled& done, const JoiningPipes& pipes) {
  const auto& settled = done.settled;
  log_info(settled.same ? "double_confirmed" : "double_dismissed", {{"node", to_text(settled.node)}, {"other", to_text(settled.other)}});
  return tell_map(pipes, DoubleKept{settled});
}

Result<Done> told(const JoiningDone& done, const JoiningPipes& pipes) {
  for (const auto& node : admitted_by(done)) {
    if (auto sent = tell_admitted(node, pipes); !sent) return sent;
  }
  return tell_revoked(done, pipes);
}

template <class... Kinds, class Variant>
bool is_one_of(const Variant& what) {
  return (std::holds_alternative<Kinds>(what) || ...);
}

bool shows_on_map(const AdminChange& change) {
  if (const auto* done = std::get_if<JoiningDone>(&change)) return is_one_of<PendingDecided, KeysRevoked>(done->what);
  return is_one_of<Site, SiteEdited, SiteDeclared, SiteCoded, Pool, ServiceOrdered, GroupServiceOrdered, NodeMoved, NodeLabelled,
                   PoolAssigned, NodeRemoved, RegionsImported, ImportDone, CloneSettled, DoubleSettled, ChipsChanged>(change);
}

/// What concerns nobody but who asked.
template <class Change>
Result<Done> told(const Change&, const JoiningPipes&) {
  return Done{};
}

}  // namespace

Result<Done> tell_admitted(const KnownNode& node, const JoiningPipes& pipes) {
  if (auto sent = tell_map(pipes, NodeAdmitted{node}); !sent) return sent;
  return send_object(pipes.keys, std::make_unique<KeyUpdate>(KeyUpdate{.public_key = node.public_key, .node = node.id}));
}

Result<Done> tell_admitted(const KnownChild& child, const JoiningPipes& pipes) {
  if (auto sent = tell_map(pipes, ChildAdmitted{child}); !sent) return sent;
  const KeyUpdate update{.public_key = child.public_key, .node = NodeId{child.id.bytes}, .child = true};
  return send_object(pipes.keys, std::make_unique<KeyUpdate>(update));
}

Result<Done> tell_change(const AdminChange& change, const JoiningPipes& pipes) {
  return std::visit([&pipes](const auto& what) { return told(what, pipes); }, change);
}

Result<Done> tell_asker(AdminAnswer answer, zmq::socket_t& http, const JoiningPipes& pipes) {
  const bool by_map = shows_on_map(answer.what);
  auto told = std::make_unique<HttpInput>(std::move(answer));
  if (by_map) return tell_map(pipes, AnswerWhenShown{std::move(told)});
  static_cast<void>(send_object(http, std::move(told), false));  // http says itself that nobody answered
  return Done{};
}

}  // namespace capmap
