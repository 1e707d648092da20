#include "controller/map/capacity_map.hpp"

#include <algorithm>
#include <utility>

#include "controller/map/map_state.hpp"

namespace capmap {

static_assert(CapacityMap::kChunkRows == NodeTable::kChunkRows);

CapacityMap::CapacityMap(MapOptions options, std::shared_ptr<const ChipTable> chips, std::uint64_t now_ms)
    : state_(std::make_unique<State>(options, std::move(chips), now_ms)) {}

CapacityMap::~CapacityMap() = default;
CapacityMap::CapacityMap(CapacityMap&&) noexcept = default;

void CapacityMap::put_site(const Site& site) {
  state_->put_site(std::make_shared<const Site>(site));
}

void CapacityMap::put_sites(const std::vector<std::shared_ptr<const Site>>& sites) {
  for (const auto& site : sites) state_->put_site(site);
}

void CapacityMap::put_register(std::shared_ptr<const SiteRegister> site_register) {
  state_->site_register = std::move(site_register);
  ++state_->revision;
}

void CapacityMap::add_node(const KnownNode& node, bool at_start, std::uint64_t now_ms, const std::optional<ShapeId>& shape,
                           std::optional<std::uint64_t> last_seen_unix_ms) {
  state_->forward(now_ms);
  state_->add_node(node, at_start, shape, last_seen_unix_ms);
}

Answer CapacityMap::apply(const NodeId& node, const AgentMessage& message, std::uint64_t now_ms, std::uint64_t now_unix_ms) {
  state_->forward(now_ms);
  return state_->apply(node, message, now_unix_ms);
}

AckBatch CapacityMap::apply(const ReportBatch& batch, std::uint64_t now_unix_ms) {
  AckBatch answers;
  answers.acks.reserve(batch.reports.size());
  apply(batch, 0, batch.reports.size(), now_unix_ms, answers);
  return answers;
}

void CapacityMap::apply(const ReportBatch& batch, std::size_t first, std::size_t count, std::uint64_t now_unix_ms, AckBatch& answers) {
  state_->forward(batch.received_boot_ms);
  if (first == 0) {
    for (const auto& node : batch.flooding) state_->note_flood(node);
  }
  const auto last = std::min(batch.reports.size(), first + count);
  for (auto at = first; at < last; ++at) state_->answer(batch.reports[at], now_unix_ms, answers);
}

void CapacityMap::add_child(const KnownChild& child, const std::array<std::uint8_t, 16>& mask, std::uint64_t now_ms) {
  state_->forward(now_ms);
  state_->add_child(child, mask);
}

std::vector<ChildAckOut> CapacityMap::apply(const ChildBatch& batch, std::uint64_t now_unix_ms) {
  AckBatch answers;
  apply(batch, 0, batch.reports.size(), now_unix_ms, answers);
  return std::move(answers.child_acks);
}

void CapacityMap::apply(const ChildBatch& batch, std::size_t first, std::size_t count, std::uint64_t now_unix_ms, AckBatch& answers) {
  state_->forward(batch.received_boot_ms);
  const auto last = std::min(batch.reports.size(), first + count);
  for (auto at = first; at < last; ++at) answers.child_acks.push_back(state_->answer(batch.reports[at], now_unix_ms));
}

bool CapacityMap::restore_shape(const EncodedShape& shape, std::uint64_t now_ms) {
  state_->forward(now_ms);
  return state_->restore_shape(shape);
}

void CapacityMap::expect_nodes(std::size_t nodes) {
  state_->nodes.reserve(nodes);
  state_->expected_nodes = nodes;
}

bool CapacityMap::ask_benchmark(const NodeId& node, std::uint32_t seconds, std::uint64_t now_ms) {
  const auto row = state_->nodes.find(node);
  if (row) state_->benchmarks.ask(*row, seconds, state_->forward(now_ms));
  return row.has_value();
}

void CapacityMap::put_pool(const Pool& pool) {
  state_->put_pool(pool);
}

void CapacityMap::put_chips(std::shared_ptr<const ChipTable> chips, const RatedHardware& ready) {
  state_->put_chips(std::move(chips), ready);
}

Result<Done> CapacityMap::put_regions(const RegionList& list) {
  return state_->put_regions(list);
}

bool CapacityMap::set_service(const NodeId& node, const ServiceOrder& order, std::uint64_t now_unix_ms) {
  return state_->set_service(node, order, now_unix_ms);
}

bool CapacityMap::set_site_service(const SiteId& site, const ServiceOrder& order, std::uint64_t now_unix_ms) {
  const auto found = state_->site_indexes.find(site);
  return found != state_->site_indexes.end() && state_->order_group({GroupOrders::Kind::kSite, found->second}, order, now_unix_ms);
}

bool CapacityMap::set_pool_service(const PoolId& pool, const ServiceOrder& order, std::uint64_t now_unix_ms) {
  const auto found = state_->pool_indexes.find(pool);
  return found != state_->pool_indexes.end() && state_->order_group({GroupOrders::Kind::kPool, found->second}, order, now_unix_ms);
}

bool CapacityMap::set_labels(const NodeId& node, std::vector<Label> labels) {
  return state_->set_labels(node, std::move(labels));
}

bool CapacityMap::advance_service(std::uint64_t now_unix_ms) {
  return state_->advance_service(now_unix_ms);
}

bool CapacityMap::remove_node(const NodeId& node, std::uint64_t now_ms) {
  state_->forward(now_ms);
  return state_->remove_node(node);
}

bool CapacityMap::settle_clone(const NodeId& node, std::uint64_t run, std::uint64_t now_unix_ms) {
  return state_->settle_clone(node, run, now_unix_ms);
}

bool CapacityMap::restore_clone(const Clone& clone) {
  return state_->restore_clone(clone);
}

bool CapacityMap::settle_double(const SettledDouble& settled) {
  return state_->settle_double(settled);
}

void CapacityMap::restore_machine(const NodeId& node, const MachineMarks& marks) {
  const auto row = state_->nodes.find(node);
  if (!row) return;
  // Room for all once one says any: an index that grows under a million rows is moved a hundred times over.
  if (const auto nodes = std::exchange(state_->expected_nodes, 0)) state_->doubles.reserve(nodes);
  state_->doubles.say(*row, marks, 0);
}

bool CapacityMap::restore_double(const SettledDouble& settled) {
  state_->restoring = true;
  const bool found = state_->settle_double(settled);
  state_->restoring = false;
  return found;
}

MachineMarks CapacityMap::machine(const NodeId& node) const {
  const auto row = state_->nodes.find(node);
  return row ? state_->doubles.marks(*row) : MachineMarks{};
}

std::vector<Clone> CapacityMap::clones() const {
  return state_->clones.held();
}

void CapacityMap::set_interval(std::uint32_t interval_ms) {
  state_->options.interval_ms = interval_ms;
}

std::uint32_t CapacityMap::interval_ms() const {
  return state_->options.interval_ms;
}

bool CapacityMap::advance(std::uint64_t now_ms) {
  state_->forward(now_ms);
  return state_->advance();
}

std::uint64_t CapacityMap::revision() const {
  return state_->revision;
}

const MapCounters& CapacityMap::counters() const {
  return state_->counters;
}

}  // namespace capmap
