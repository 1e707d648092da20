// Many nodes in one message: what a child controller says to its parent, and the answer.
#include <cstring>
#include <unordered_map>

#include "common/batch.hpp"
#include "common/codec_parts.hpp"
#include "schemas/batch_generated.h"

namespace capmap {
namespace {

constexpr char kBatchHelloId[] = "CMBH";
constexpr char kBatchStatesId[] = "CMBS";
constexpr char kBatchAckId[] = "CMBA";
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kMaxListed = 65'535;  ///< sites or shapes of one hello, by their index

using ByteList = flatbuffers::Vector<std::uint8_t>;

/// Ids as they lie side by side, each once, and where each is.
template <class IdType>
class IdList {
 public:
  std::uint16_t index_of(const IdType& id) {
    const auto [at, made] = places_.try_emplace(id, static_cast<std::uint16_t>(places_.size()));
    if (made) bytes_.insert(bytes_.end(), id.bytes.begin(), id.bytes.end());
    return at->second;
  }
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
  std::unordered_map<IdType, std::uint16_t, IdHash> places_;
};

std::size_t id_count(const ByteList* bytes) {
  return bytes == nullptr ? 0 : bytes->size() / kIdBytes;
}

template <class IdType>
IdType id_at(const ByteList& bytes, std::size_t index) {
  IdType id;
  std::memcpy(id.bytes.data(), bytes.data() + index * kIdBytes, kIdBytes);
  return id;
}

void require_ids(FieldReader& reader, const ByteList* bytes, std::size_t most, const char* field) {
  reader.require(bytes == nullptr || (bytes->size() % kIdBytes == 0 && bytes->size() / kIdBytes <= most), field,
                 "is not a whole number of ids, or too many");
}

/// A list with an entry a node, or none at all.
template <class Element>
std::vector<Element> column(FieldReader& reader, const flatbuffers::Vector<Element>* list, std::size_t count, const char* field) {
  if (list == nullptr || list->size() == 0) return {};
  reader.require(list->size() == count, field, "does not have an entry a node");
  if (!reader.good()) return {};
  return {list->begin(), list->end()};
}

/// Left out where there is nothing in it.
template <class Element>
auto put_column(Builder& builder, const std::vector<Element>& entries) {
  return entries.empty() ? flatbuffers::Offset<flatbuffers::Vector<Element>>() : builder.CreateVector(entries);
}

std::optional<std::uint32_t> less_one(std::uint32_t entry) {
  return entry == 0 ? std::nullopt : std::optional(entry - 1);
}

BatchHello read(const wire::BatchHello& table, FieldReader& reader) {
  BatchHello hello;
  hello.envelope = reader.envelope(table);
  hello.first = table.first();
  require_ids(reader, table.node_ids(), kMaxBatchNodes, "node_ids");
  require_ids(reader, table.site_ids(), kMaxListed, "site_ids");
  require_ids(reader, table.shape_ids(), kMaxListed, "shape_ids");
  const auto count = id_count(table.node_ids());
  if (table.all_nodes()) hello.all_nodes = *table.all_nodes();
  reader.require(count > 0 || hello.all_nodes, "node_ids", "is empty");
  const auto sites = column(reader, table.sites(), count, "sites"), shapes = column(reader, table.shapes(), count, "shapes"),
             pus = column(reader, table.pus_allowed(), count, "pus_allowed");
  const auto memory = column(reader, table.memory_total_mib(), count, "memory_total_mib");
  reader.require(sites.size() == count, "sites", "is missing");
  reader.require(shapes.size() == count, "shapes", "is missing");
  if (!reader.good()) return hello;
  const auto known_sites = id_count(table.site_ids()), known_shapes = id_count(table.shape_ids());
  hello.nodes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    reader.require(sites[i] < known_sites, "sites", "names a site that is not listed");
    reader.require(shapes[i] < known_shapes, "shapes", "names a shape that is not listed");
    if (!reader.good()) return hello;
    hello.nodes.push_back({.id = id_at<NodeId>(*table.node_ids(), i),
                           .site = id_at<SiteId>(*table.site_ids(), sites[i]),
                           .shape = id_at<ShapeId>(*table.shape_ids(), shapes[i]),
                           .memory_total_mib = memory.empty() ? std::nullopt : less_one(memory[i]),
                           .pus_allowed = pus.empty() ? std::nullopt : less_one(pus[i])});
  }
  return hello;
}

BatchStates read(const wire::BatchStates& table, FieldReader& reader) {
  BatchStates states;
  states.envelope = reader.envelope(table);
  states.first = table.first();
  states.count = reader.in_range(table.count(), kMaxBatchNodes, "count");
  states.liveness = known_or_unknown<BatchLiveness>(table.liveness(), wire::BatchLiveness::MAX);
  states.full = table.full();
  states.heard_ago_ms = table.heard_ago_ms();
  states.nodes = column(reader, table.nodes(), states.count, "nodes");
  reader.require(std::ranges::adjacent_find(states.nodes, std::greater_equal<>{}) == states.nodes.end(), "nodes", "are not ascending");
  const std::array columns = {table.cpu_busy_millicores(),   table.memory_used_mib(),   table.storage_used_mb(),
                              table.storage_read_kbs(),      table.storage_write_kbs(), table.network_receive_kbps(),
                              table.network_transmit_kbps(), table.power_watts()};
  for (std::size_t i = 0; i < kBatchReadings; ++i) states.readings[i] = column(reader, columns[i], states.count, "a column of readings");
  states.accelerators_used = column(reader, table.accelerators_used(), states.count, "accelerators_used");
  states.accelerators_free = column(reader, table.accelerators_free(), states.count, "accelerators_free");
  states.accelerators_unhealthy = column(reader, table.accelerators_unhealthy(), states.count, "accelerators_unhealthy");
  const auto devices = states.accelerators_used.size();
  reader.require(states.accelerators_free.size() == devices && states.accelerators_unhealthy.size() == devices, "accelerators_used",
                 "stands without its two others");
  return states;
}

BatchAck read(const wire::BatchAck& table, FieldReader& reader) {
  BatchAck ack{.epoch = table.epoch(),
               .run_id = table.run_id(),
               .time_unix_ms = table.time_unix_ms(),
               .session = table.session(),
               .applied_seq = table.applied_seq(),
               .next_interval_ms = table.next_interval_ms(),
               .nodes = table.nodes(),
               .refused_nodes = table.refused_nodes(),
               .need_shapes = {}};
  reader.require(ack.epoch != 0, "epoch", "is 0");
  reader.require(ack.next_interval_ms != 0, "next_interval_ms", "is 0");
  require_ids(reader, table.need_shapes(), kMaxNeedShapes, "need_shapes");
  if (!reader.good()) return ack;
  for (std::size_t i = 0; i < id_count(table.need_shapes()); ++i) ack.need_shapes.push_back(id_at<ShapeId>(*table.need_shapes(), i));
  return ack;
}

template <class Kind>
Result<ChildMessage> as_child_message(Result<Kind> decoded) {
  if (!decoded) return decoded.error();
  return ChildMessage(std::move(*decoded));
}

}  // namespace

Bytes encode(const BatchHello& message) {
  const auto count = std::min(message.nodes.size(), kMaxBatchNodes);
  IdList<SiteId> sites;
  IdList<ShapeId> shapes;
  std::vector<std::uint8_t> ids;
  std::vector<std::uint16_t> site_of, shape_of, pus;
  std::vector<std::uint32_t> memory;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& node = message.nodes[i];
    ids.insert(ids.end(), node.id.bytes.begin(), node.id.bytes.end());
    site_of.push_back(sites.index_of(node.site));
    shape_of.push_back(shapes.index_of(node.shape));
    memory.push_back(batch_entry(node.memory_total_mib));
    pus.push_back(static_cast<std::uint16_t>(node.pus_allowed ? std::min<std::uint32_t>(*node.pus_allowed, UINT16_MAX - 1) + 1 : 0));
  }
  Builder builder(64 * 1024);
  const auto node_ids = builder.CreateVector(ids), site_ids = builder.CreateVector(sites.bytes()),
             shape_ids = builder.CreateVector(shapes.bytes());
  const auto site_list = builder.CreateVector(site_of), shape_list = builder.CreateVector(shape_of), pus_list = builder.CreateVector(pus);
  const auto memory_list = builder.CreateVector(memory);
  wire::BatchHelloBuilder table(builder);
  table.add_run_id(message.envelope.run_id);
  table.add_seq(message.envelope.seq);
  table.add_first(message.first);
  table.add_node_ids(node_ids);
  table.add_site_ids(site_ids);
  table.add_sites(site_list);
  table.add_shape_ids(shape_ids);
  table.add_shapes(shape_list);
  table.add_memory_total_mib(memory_list);
  table.add_pus_allowed(pus_list);
  if (message.all_nodes) table.add_all_nodes(*message.all_nodes);
  return finish(builder, table.Finish(), kBatchHelloId);
}

Bytes encode(const BatchStates& message) {
  Builder builder(64 * 1024);
  std::array<flatbuffers::Offset<flatbuffers::Vector<std::uint32_t>>, kBatchReadings> columns;
  for (std::size_t i = 0; i < kBatchReadings; ++i) columns[i] = put_column(builder, message.readings[i]);
  const auto nodes = put_column(builder, message.nodes);
  const auto used = put_column(builder, message.accelerators_used), free = put_column(builder, message.accelerators_free),
             unhealthy = put_column(builder, message.accelerators_unhealthy);
  wire::BatchStatesBuilder table(builder);
  table.add_run_id(message.envelope.run_id);
  table.add_seq(message.envelope.seq);
  table.add_first(message.first);
  table.add_count(message.count);
  table.add_nodes(nodes);
  table.add_liveness(static_cast<wire::BatchLiveness>(message.liveness));
  table.add_full(message.full);
  table.add_heard_ago_ms(message.heard_ago_ms);
  table.add_cpu_busy_millicores(columns[0]);
  table.add_memory_used_mib(columns[1]);
  table.add_storage_used_mb(columns[2]);
  table.add_storage_read_kbs(columns[3]);
  table.add_storage_write_kbs(columns[4]);
  table.add_network_receive_kbps(columns[5]);
  table.add_network_transmit_kbps(columns[6]);
  table.add_power_watts(columns[7]);
  table.add_accelerators_used(used);
  table.add_accelerators_free(free);
  table.add_accelerators_unhealthy(unhealthy);
  return finish(builder, table.Finish(), kBatchStatesId);
}

Bytes encode(const BatchAck& message) {
  std::vector<std::uint8_t> ids;
  for (std::size_t i = 0; i < std::min(message.need_shapes.size(), kMaxNeedShapes); ++i) {
    ids.insert(ids.end(), message.need_shapes[i].bytes.begin(), message.need_shapes[i].bytes.end());
  }
  Builder builder;
  const auto shapes = put_column(builder, ids);
  wire::BatchAckBuilder table(builder);
  table.add_epoch(message.epoch);
  table.add_run_id(message.run_id);
  table.add_time_unix_ms(message.time_unix_ms);
  table.add_session(message.session);
  table.add_applied_seq(message.applied_seq);
  table.add_next_interval_ms(message.next_interval_ms);
  table.add_nodes(message.nodes);
  table.add_refused_nodes(message.refused_nodes);
  table.add_need_shapes(shapes);
  return finish(builder, table.Finish(), kBatchAckId);
}

Bytes encode(const ChildMessage& message) {
  return std::visit([](const auto& kind) { return encode(kind); }, message);
}

Result<ChildMessage> decode_child_message(std::span<const std::byte> bytes) {
  Bytes memory;
  const auto received = receive_bytes(bytes, kMaxMessageBytes, "message", memory);
  if (!received) return received.error();
  const auto reading = [](const auto& table, FieldReader& reader) { return read(table, reader); };
  if (received->is(kBatchStatesId)) {
    return as_child_message(decode_kind<BatchStates, wire::BatchStates>(*received, kBatchStatesId, "batch states", reading));
  }
  if (received->is(kBatchHelloId)) {
    return as_child_message(decode_kind<BatchHello, wire::BatchHello>(*received, kBatchHelloId, "batch hello", reading));
  }
  if (received->is(kShapeMessageId)) return as_child_message(decode_shape_message(*received));
  return Error{ErrorCode::kMalformed, "message: not a kind that child controllers send"};
}

Result<BatchAck> decode_batch_ack(std::span<const std::byte> bytes) {
  Bytes memory;
  const auto received = receive_bytes(bytes, kMaxMessageBytes, "batch ack", memory);
  if (!received) return received.error();
  return decode_kind<BatchAck, wire::BatchAck>(*received, kBatchAckId, "batch ack",
                                               [](const auto& table, FieldReader& reader) { return read(table, reader); });
}

}  // namespace capmap
