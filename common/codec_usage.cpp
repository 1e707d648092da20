// Heartbeat and usage: what an agent says all the time, so every byte counts.
#include "common/coarse_rate.hpp"
#include "common/codec_accelerators.hpp"
#include "schemas/messages_generated.h"

namespace capmap {
namespace {

/// Adds the readings that are known to a heartbeat's or usage's builder.
template <class TableBuilder>
void add_readings(TableBuilder& table, const Readings& readings) {
  if (readings.cpu_busy_millicores) table.add_cpu_busy_millicores(*readings.cpu_busy_millicores);
  if (readings.memory_used_mib) table.add_memory_used_mib(*readings.memory_used_mib);
  if (readings.network_receive_kbps) table.add_network_receive_kbps(*readings.network_receive_kbps);
  if (readings.network_transmit_kbps) table.add_network_transmit_kbps(*readings.network_transmit_kbps);
  if (readings.storage_write_kbs) table.add_storage_write_kbs(*readings.storage_write_kbs);
  if (readings.storage_read_kbs) table.add_storage_read_kbs(*readings.storage_read_kbs);
  if (readings.storage_used_mb) table.add_storage_used_mb(*readings.storage_used_mb);
  if (readings.power_watts) table.add_power_watts(*readings.power_watts);
}

template <class Table>
Readings read_readings(const Table& table) {
  Readings readings;
  readings.cpu_busy_millicores = table.cpu_busy_millicores();
  readings.memory_used_mib = table.memory_used_mib();
  readings.storage_used_mb = table.storage_used_mb();
  readings.storage_read_kbs = table.storage_read_kbs();
  readings.storage_write_kbs = table.storage_write_kbs();
  readings.network_receive_kbps = table.network_receive_kbps();
  readings.network_transmit_kbps = table.network_transmit_kbps();
  readings.power_watts = table.power_watts();
  return readings;
}

auto put_traffic(Builder& builder, const std::vector<DeviceTraffic>& devices, std::size_t most) {
  std::vector<std::uint8_t> codes;
  for (std::size_t i = 0; i < std::min(devices.size(), most); ++i) codes.insert(codes.end(), {devices[i].in, devices[i].out});
  return codes.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>() : builder.CreateVector(codes);
}

std::vector<DeviceTraffic> read_traffic(const flatbuffers::Vector<std::uint8_t>* codes, std::size_t most, FieldReader& reader,
                                        const char* field) {
  std::vector<DeviceTraffic> devices;
  if (codes == nullptr) return devices;
  reader.require(codes->size() % 2 == 0 && codes->size() / 2 <= most, field, "does not hold two codes a device, or too many");
  for (flatbuffers::uoffset_t i = 0; reader.good() && i < codes->size(); i += 2) {
    const DeviceTraffic device{.in = codes->Get(i), .out = codes->Get(i + 1)};
    const auto is_code = [](std::uint8_t code) { return code == kNoRate || rate_of_coarse(code); };
    reader.require(is_code(device.in) && is_code(device.out), field, "holds a byte that is no rate");
    devices.push_back(device);
  }
  return devices;
}

auto put_file_systems(Builder& builder, const std::vector<SharedFileSystem>& systems) {
  return put_rows<wire::FileSystem>(builder, systems, kMaxFileSystems, [&builder](const SharedFileSystem& system) {
    const auto source = put_text(builder, system.source);
    const auto type = put_text(builder, system.type);
    wire::FileSystemBuilder row(builder);
    if (system.size_mb) row.add_size_mb(*system.size_mb);
    if (system.used_mb) row.add_used_mb(*system.used_mb);
    row.add_source(source);
    row.add_type(type);
    return row.Finish();
  });
}

std::vector<SharedFileSystem> read_file_systems(const wire::Usage& table, FieldReader& reader) {
  auto systems = reader.rows<SharedFileSystem>(table.file_systems(), kMaxFileSystems, "file_systems", [&reader](const auto& row) {
    SharedFileSystem system;
    system.source = reader.text(row.source(), "file_systems.source");
    system.type = reader.text(row.type(), "file_systems.type");
    system.size_mb = row.size_mb();
    system.used_mb = row.used_mb();
    reader.require(!system.source.empty(), "file_systems.source", "is empty");
    return system;
  });
  const auto out_of_order = [](const SharedFileSystem& a, const SharedFileSystem& b) { return a.source >= b.source; };
  reader.require(std::ranges::adjacent_find(systems, out_of_order) == systems.end(), "file_systems",
                 "are not in ascending order, each once");
  return systems;
}

Heartbeat read_heartbeat(const wire::Heartbeat& table, FieldReader& reader) {
  return {reader.envelope(table), table.shape_prefix(), read_readings(table)};
}

UsageMessage read_usage(const wire::Usage& table, FieldReader& reader) {
  UsageMessage message{.envelope = reader.envelope(table), .shape_prefix = table.shape_prefix(), .usage = {}};
  message.usage.readings = read_readings(table);
  message.usage.accelerators = read_accelerators(table, reader);
  message.addresses_as_in_hello = addresses_left_out(table);
  message.usage.cpu_steal_millicores = table.cpu_steal_millicores();
  message.usage.load_centi = table.load_centi();
  message.usage.disk_traffic = read_traffic(table.disk_traffic(), kMaxTrafficDevices, reader, "disk_traffic");
  message.usage.nic_traffic = read_traffic(table.nic_traffic(), kMaxTrafficDevices, reader, "nic_traffic");
  message.usage.file_systems = read_file_systems(table, reader);
  message.usage.problems = reader.problems(table);
  return message;
}

}  // namespace

Bytes encode(const Heartbeat& message) {
  Builder builder(128);
  wire::HeartbeatBuilder table(builder);  // widest fields first: no padding between them
  table.add_run_id(message.envelope.run_id);
  table.add_shape_prefix(message.shape_prefix);
  table.add_seq(message.envelope.seq);
  add_readings(table, message.moved);
  return finish(builder, table.Finish(), kHeartbeatId);
}

Bytes encode(const UsageMessage& message) {
  Builder builder;
  const auto problems = put_problems<wire::Problem>(builder, message.usage.problems);
  const auto file_systems = put_file_systems(builder, message.usage.file_systems);
  const AcceleratorFields accelerators(builder, message.usage.accelerators, !message.addresses_as_in_hello);
  const auto disk_traffic = put_traffic(builder, message.usage.disk_traffic, kMaxTrafficDevices);
  const auto nic_traffic = put_traffic(builder, message.usage.nic_traffic, kMaxTrafficDevices);
  const bool gap = builder.GetSize() % sizeof(std::uint64_t) != 0;  // seq goes where padding would be
  wire::UsageBuilder table(builder);                                // widest fields first: no padding between them
  if (gap) table.add_seq(message.envelope.seq);
  table.add_run_id(message.envelope.run_id);
  table.add_shape_prefix(message.shape_prefix);
  accelerators.add_wide_to(table);
  if (!gap) table.add_seq(message.envelope.seq);
  add_readings(table, message.usage.readings);
  table.add_problems(problems);
  table.add_file_systems(file_systems);
  if (message.usage.cpu_steal_millicores) table.add_cpu_steal_millicores(*message.usage.cpu_steal_millicores);
  if (message.usage.load_centi) table.add_load_centi(*message.usage.load_centi);
  table.add_disk_traffic(disk_traffic);
  table.add_nic_traffic(nic_traffic);
  accelerators.add_to(table);
  return finish(builder, table.Finish(), kUsageId);
}

Result<Heartbeat> decode_heartbeat(const Received& received) {
  return decode_kind<Heartbeat, wire::Heartbeat>(received, kHeartbeatId, "heartbeat", read_heartbeat);
}

Result<UsageMessage> decode_usage(const Received& received) {
  return decode_kind<UsageMessage, wire::Usage>(received, kUsageId, "usage", read_usage);
}

}  // namespace capmap
