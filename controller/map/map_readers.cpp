#include <algorithm>
#include <utility>

#include "controller/map/map_state.hpp"

namespace capmap {

NodeRow CapacityMap::State::node_row(RowIndex row) const {
  const auto& place = nodes.place(row);
  const auto& talk = nodes.talk(row);
  const auto& cold = nodes.cold(row);
  const auto& hello = cold.hello;
  NodeRow out;
  out.id = nodes.id(row);
  out.slot = row % kChunkRows;
  if (const auto* const order = services.find(row)) out.order = *order;
  if (const auto* const order = group_orders.find({GroupOrders::Kind::kSite, place.site})) out.site_order = *order;
  if (const auto* const order = place.pool == 0 ? nullptr : group_orders.find({GroupOrders::Kind::kPool, place.pool}))
    out.pool_order = *order;
  if (returns.has(row)) out.returns_boot_ms = returns.since(row, now_ms - std::min(now_ms, ReturnNotes::kKeepMs));
  out.lost_messages = losses.find(row);
  out.site = place.site;
  out.pool = place.pool;
  out.hardware = shapes.hardware(place.shape);
  out.liveness = place.liveness;
  out.service = place.service;
  out.counted = place.is(Place::kCounted);
  out.counted_service = counted_service(row);
  if (place.elsewhere) {
    const auto host = guests.counted_elsewhere(row) ? guests.host(row) : std::nullopt, other = doubles.left_out_for(row);
    if (host || other) out.counted_in = nodes.id(host ? *host : *other);
    out.same_machine = !host && other;
  }
  for (const auto guest : guests.inside(row)) {
    if (guests.counted_elsewhere(guest)) out.guests.push_back(nodes.id(guest));
  }
  out.verdict = verdict(row);
  out.revision = nodes.talk(row).revision;
  if (place.is(Place::kHeard)) out.last_heard_boot_ms = talk.heard_ms;
  if (!place.is(Place::kHeard) && talk.heard_ms != 0) out.last_seen_unix_ms = talk.heard_ms;
  out.interval_ms = interval_ms(row);
  out.session = talk.session;
  out.seq = talk.seq;
  out.shape_id = named_shape(row);
  out.hostname = hello.hostname.empty() ? cold.joined_hostname : hello.hostname;
  out.os = hello.os;
  out.kernel = hello.kernel;
  out.agent_version = hello.agent_version;
  out.virtualization = hello.virtualization;
  out.memory_total_bytes = hello.memory_total_bytes;
  out.pus_allowed = hello.pus_allowed;
  out.file_systems_size_mb = hello.file_systems_size_mb;
  out.measured = hello.measured;
  out.clock_skew_ms = cold.clock_skew_ms;
  out.disk_names = hello.disk_names;
  out.nic_names = hello.nic_names;
  out.accelerator_addresses = hello.accelerator_addresses;
  for (std::size_t i = 0; i < kReadingCount; ++i) {
    if ((place.known >> i & 1U) != 0) out.usage.readings.*kReadingFields[i] = nodes.reading(row, i);
  }
  out.usage.accelerators = cold.accelerators;
  out.usage.file_systems = cold.file_systems;
  out.usage.cpu_steal_millicores = cold.cpu_steal_millicores;
  out.usage.load_centi = cold.load_centi;
  out.usage.disk_traffic = cold.disk_traffic;
  out.usage.nic_traffic = cold.nic_traffic;
  out.problems = hello.problems;
  out.problems.insert(out.problems.end(), cold.usage_problems.begin(), cold.usage_problems.end());
  if (cold.goodbye) out.problems.push_back({.probe = "agent", .what = "said goodbye: " + *cold.goodbye});
  out.findings = findings(row);
  out.contradicted_since_boot_ms = doubts.since_ms(row);
  const auto part = numbers(row);
  out.cpu_free_millicores = part.cpu_free_millicores;
  out.memory_free_mib = part.memory_free_mib;
  out.storage_free_mb = part.storage_free_mb;
  out.devices = nodes.devices(row);
  out.accelerators_use_unknown = part.accelerators_use_unknown;
  out.maker = hello.maker;
  out.product = hello.product;
  out.labels = hello.labels;
  if (const auto found = admin_labels.find(row); found != admin_labels.end()) {
    out.admin_labels = found->second;
    for (const auto& label : found->second) {
      const auto same = std::ranges::find(out.labels, label.key, &Label::key);
      same == out.labels.end() ? out.labels.push_back(label) : void(same->value = label.value);
    }
    std::ranges::sort(out.labels, {}, &Label::key);
  }
  out.accelerator_drivers = hello.accelerator_drivers;
  out.accelerator_power_limit_watts = hello.accelerator_power_limit_watts;
  return out;
}

std::shared_ptr<const MapView> CapacityMap::view(std::uint64_t now_ms, std::uint64_t now_unix_ms) {
  auto& state = *state_;
  if (state.dictionaries_stale || !state.dictionaries || state.hardware_version != state.shapes.version()) {
    state.dictionaries =
        std::make_shared<const Dictionaries>(state.sites, state.pools, state.shapes.rows(), state.dictionaries.get(), state.regions);
    state.dictionaries_stale = false;
    state.hardware_version = state.shapes.version();
  }
  auto view = std::make_shared<MapView>();
  view->revision = state.revision;
  view->epoch = state.options.epoch;
  view->at_boot_ms = std::max(now_ms, state.now_ms);
  view->at_unix_ms = now_unix_ms;
  if (state.chips) view->catalog_version = state.chips->version();
  view->chips = state.chips;
  view->known_nodes = static_cast<std::uint32_t>(state.nodes.size());
  view->resyncing_nodes = state.by_liveness[static_cast<std::size_t>(Liveness::kResyncing)];
  view->resync_over = view->resyncing_nodes == 0 || view->at_boot_ms >= state.start_ms + state.options.resync_grace_ms;
  view->sites = state.sites;
  view->hardware = state.shapes.rows();
  view->pools = state.pools;
  view->site_register = state.site_register;
  view->cells = state.cells.publish();
  view->dictionaries = state.dictionaries;
  view->regions = state.regions;
  view->descriptors = state.options.descriptors;
  view->changes = state.changes.publish();
  if (state.clones.held_count() != 0) {
    auto held = std::make_shared<std::vector<Clone>>(state.clones.held());
    for (auto& clone : *held) {
      if (const auto row = state.nodes.find(clone.node)) clone.site = state.nodes.place(*row).site;
    }
    view->clones = std::move(held);
  }
  view->group_orders = state.group_orders.publish();
  view->doubts = state.doubts.counts();
  view->contradicted = state.contradicted;
  view->shared = state.shared.publish(view->at_boot_ms);
  view->guests = state.guests.publish(state.nodes, view->at_boot_ms);
  view->doubles = state.doubles.publish(view->at_boot_ms, [&state](auto pairs) { return state.double_list(std::move(pairs)); });
  return view;
}

std::size_t CapacityMap::chunk_count() const {
  return state_->nodes.chunk_count();
}

std::vector<NodeRow> CapacityMap::chunk(std::size_t index) const {
  const auto& state = *state_;
  const auto first = index * kChunkRows;
  std::vector<NodeRow> rows;
  if (first >= state.nodes.row_count()) return rows;
  const auto last = std::min(first + kChunkRows, state.nodes.row_count());
  rows.reserve(last - first);
  for (auto at = first; at < last; ++at) {
    const auto row = static_cast<RowIndex>(at);
    if (!state.nodes.place(row).vacant) rows.push_back(state.node_row(row));
  }
  return rows;
}

std::vector<CapacityMap::Match> CapacityMap::matching(std::size_t chunk, NodeSelection& selection) const {
  const auto& state = *state_;
  std::vector<Match> found;
  const auto last = std::min((chunk + 1) * kChunkRows, state.nodes.row_count());
  selection.follow(state.cells.layout(), state.cells.slot_count());
  for (auto at = chunk * kChunkRows + selection.first_slot; at < last; ++at) {
    const auto row = static_cast<RowIndex>(at);
    const auto& place = state.nodes.place(row);
    if (place.vacant || !selection.of_part(state.nodes.id(row))) continue;
    if (selection.noted == NodeSelection::Noted::kReturns && !state.returns.has(row)) continue;
    if (selection.noted == NodeSelection::Noted::kLosses && !state.losses.has(row)) continue;
    auto holds = Holds::kNo;
    if (place.cell != 0) {
      ++selection.looked_at;
      holds = selection.of_cell(place.cell, [&state](CellSlot slot) { return state.cells.key(slot); });
    } else {
      holds = selection.holds(
          {place.site, place.pool, state.shapes.hardware(place.shape), place.liveness, state.counted_service(row), state.verdict(row)});
    }
    if (holds != Holds::kNo) found.push_back({.row = row, .holds = holds});
  }
  return found;
}

std::vector<NodeRow> CapacityMap::chunk(std::size_t index, NodeSelection& selection) const {
  std::vector<NodeRow> rows;
  for (const auto& match : matching(index, selection)) {
    if (rows.size() == selection.most) break;
    auto row = state_->node_row(match.row);
    if ((match.holds == Holds::kYes || selection.keeps(row)) && selection.keeps_noted(row)) rows.push_back(std::move(row));
  }
  return rows;
}

std::optional<NodeRow> CapacityMap::node(const NodeId& id) const {
  const auto row = state_->nodes.find(id);
  if (!row) return std::nullopt;
  return state_->node_row(*row);
}

}  // namespace capmap
