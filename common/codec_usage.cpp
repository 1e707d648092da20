// Heartbeat and usage: what an agent says all the time, so every byte counts.
#include <array>
#include <cstdio>

#include "common/coarse_rate.hpp"
#include "common/codec_parts.hpp"
#include "schemas/messages_generated.h"

namespace capmap {
namespace {

using Flags = wire::AcceleratorFlags;
constexpr std::uint32_t kMaxPermille = 1'000;
constexpr std::uint32_t kMaxWatts = 65'535;
constexpr std::uint32_t kMaxPartitions = 254, kMaxCelsius = 126;
constexpr unsigned kWhole = 0x80;  ///< beside a temperature

constexpr std::uint8_t bit(Flags flag) {
  return static_cast<std::uint8_t>(flag);
}

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

/// domain << 16 | bus << 8 | device << 3 | function as the kernel writes it: "0000:17:00.0".
std::string address_text(std::uint32_t packed) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", packed >> 16U, (packed >> 8U) & 0xFFU, (packed >> 3U) & 0x1FU, packed & 7U);
  return text.data();
}

/// The number of exactly such a text; nothing for any other spelling.
std::optional<std::uint32_t> packed_address(const std::string& text) {
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  if (text.size() != 12 || std::sscanf(text.c_str(), "%4x:%2x:%2x.%1x", &domain, &bus, &device, &function) != 4) return std::nullopt;
  const std::uint32_t packed = (domain << 16U) | (bus << 8U) | ((device & 0x1FU) << 3U) | (function & 7U);
  if (address_text(packed) != text) return std::nullopt;
  return packed;
}

/// The parallel lists of Usage.
struct AcceleratorLists {
  std::vector<std::uint8_t> flags;
  std::vector<std::uint32_t> addresses;
  std::vector<std::uint32_t> memory_used_mib;
  std::vector<std::uint16_t> busy_permille;
  std::vector<std::uint16_t> power_watts;
  std::vector<std::uint8_t> partitions;  ///< plus 1; 0 = not known
  std::vector<std::string> other_addresses;
  std::vector<std::uint8_t> temperatures;  ///< likewise, and kWhole
  bool any_partitions = false, any_cut = false, any_temperature = false;
  std::uint8_t any = 0;  ///< flags that at least one has
};

void append(AcceleratorLists& lists, const AcceleratorUse& use, bool with_address) {
  unsigned flags = 0;
  if (use.used) flags |= bit(Flags::used_known);
  if (use.used.value_or(false)) flags |= bit(Flags::used);
  if (use.memory_used_mib) flags |= bit(Flags::memory_known);
  if (use.busy_permille) flags |= bit(Flags::busy_known);
  if (use.healthy) flags |= bit(Flags::healthy_known);
  if (use.healthy.value_or(false)) flags |= bit(Flags::healthy);
  if (use.power_watts) flags |= bit(Flags::power_known);
  const auto packed = packed_address(use.pci_address);
  if (!packed && with_address) {
    flags |= bit(Flags::other_address);
    lists.other_addresses.push_back(use.pci_address);
  }
  lists.addresses.push_back(packed.value_or(0));
  lists.memory_used_mib.push_back(use.memory_used_mib.value_or(0));
  lists.busy_permille.push_back(static_cast<std::uint16_t>(std::min(use.busy_permille.value_or(0), kMaxPermille)));
  lists.power_watts.push_back(static_cast<std::uint16_t>(std::min(use.power_watts.value_or(0), kMaxWatts)));
  lists.partitions.push_back(static_cast<std::uint8_t>(use.partitions ? std::min(*use.partitions, kMaxPartitions) + 1 : 0));
  lists.any_partitions = lists.any_partitions || use.partitions;
  const unsigned temperature = use.temperature_celsius ? std::min(*use.temperature_celsius, kMaxCelsius) + 1 : 0;
  lists.temperatures.push_back(static_cast<std::uint8_t>(temperature | (use.partitions == 0U ? kWhole : 0U)));
  lists.any_cut = lists.any_cut || use.partitions.value_or(0) > 0;
  lists.any_temperature = lists.any_temperature || use.temperature_celsius;
  lists.flags.push_back(static_cast<std::uint8_t>(flags));
  lists.any = static_cast<std::uint8_t>(lists.any | flags);
}

AcceleratorLists lists_of(const std::vector<AcceleratorUse>& uses, bool with_addresses) {
  AcceleratorLists lists;
  const std::size_t count = std::min(uses.size(), kMaxAccelerators);
  for (std::size_t i = 0; i < count; ++i) append(lists, uses[i], with_addresses);
  return lists;
}

template <class Element>
auto put_known(Builder& builder, const std::vector<Element>& values, bool any_known) {
  return any_known ? builder.CreateVector(values) : flatbuffers::Offset<flatbuffers::Vector<Element>>();
}

auto put_traffic(Builder& builder, const std::vector<DeviceTraffic>& devices, std::size_t most) {
  std::vector<std::uint8_t> codes;
  for (std::size_t i = 0; i < std::min(devices.size(), most); ++i) codes.insert(codes.end(), {devices[i].in, devices[i].out});
  return put_known(builder, codes, !codes.empty());
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

/// Takes accelerators out of Usage's parallel lists, one after the other.
class AcceleratorReader {
 public:
  AcceleratorReader(const wire::Usage& table, FieldReader& reader) : table_(table), reader_(reader) {}

  std::vector<AcceleratorUse> read() {
    const std::size_t count = table_.accelerator_flags() == nullptr ? 0 : table_.accelerator_flags()->size();
    reader_.require(count <= kMaxAccelerators, "accelerator_flags", "has more than 1024 entries");
    if (!as_in_hello()) expect_size(table_.accelerator_pci_addresses(), count, "accelerator_pci_addresses");
    if (table_.accelerator_memory_used_mib() != nullptr) {
      expect_size(table_.accelerator_memory_used_mib(), count, "accelerator_memory_used_mib");
    }
    if (table_.accelerator_busy_permille() != nullptr) {
      expect_size(table_.accelerator_busy_permille(), count, "accelerator_busy_permille");
    }
    if (table_.accelerator_power_watts() != nullptr) expect_size(table_.accelerator_power_watts(), count, "accelerator_power_watts");
    if (table_.accelerator_partitions() != nullptr) expect_size(table_.accelerator_partitions(), count, "accelerator_partitions");
    if (table_.accelerator_temperature_c() != nullptr) expect_size(table_.accelerator_temperature_c(), count, "accelerator_temperature_c");
    others_ = reader_.texts(table_.accelerator_other_addresses(), kMaxAccelerators, "accelerator_other_addresses");
    std::vector<AcceleratorUse> uses;
    for (std::size_t i = 0; i < count && reader_.good(); ++i) uses.push_back(read_one(static_cast<flatbuffers::uoffset_t>(i)));
    reader_.require(next_other_ == others_.size() || !reader_.good(), "accelerator_other_addresses", "has entries nobody refers to");
    if (!as_in_hello()) check_order(uses);
    return uses;
  }

  /// Accelerators without addresses are hello's; without accelerators there is nothing to say.
  [[nodiscard]] bool as_in_hello() const {
    return table_.accelerator_flags() != nullptr && table_.accelerator_flags()->size() > 0 && table_.accelerator_pci_addresses() == nullptr;
  }

 private:
  template <class Vector>
  void expect_size(const Vector* vector, std::size_t count, const char* field) {
    reader_.require((vector == nullptr ? 0 : vector->size()) == count, field, "is not as long as accelerator_flags");
  }

  void check_order(const std::vector<AcceleratorUse>& uses) {
    const auto out_of_order = [](const AcceleratorUse& a, const AcceleratorUse& b) { return a.pci_address >= b.pci_address; };
    reader_.require(std::ranges::adjacent_find(uses, out_of_order) == uses.end(), "accelerators", "are not in ascending order, each once");
  }

  std::string address(flatbuffers::uoffset_t index, std::uint8_t flags) {
    if ((flags & bit(Flags::other_address)) == 0) return address_text(table_.accelerator_pci_addresses()->Get(index));
    const bool there = next_other_ < others_.size();
    reader_.require(there && !others_[next_other_].empty(), "accelerator_other_addresses", "lacks an address");
    return there ? others_[next_other_++] : std::string();
  }

  AcceleratorUse read_one(flatbuffers::uoffset_t index) {
    const std::uint8_t flags = table_.accelerator_flags()->Get(index);
    const auto has = [flags](Flags flag) { return (flags & bit(flag)) != 0; };
    AcceleratorUse use;
    if (!as_in_hello()) use.pci_address = address(index, flags);
    if (has(Flags::used_known)) use.used = has(Flags::used);
    if (has(Flags::healthy_known)) use.healthy = has(Flags::healthy);
    if (has(Flags::memory_known))
      use.memory_used_mib = value_at(table_.accelerator_memory_used_mib(), index, "accelerator_memory_used_mib");
    if (has(Flags::busy_known)) {
      use.busy_permille = value_at(table_.accelerator_busy_permille(), index, "accelerator_busy_permille");
      reader_.require(use.busy_permille <= kMaxPermille, "accelerator_busy_permille", "is over 1000");
    }
    if (has(Flags::power_known)) use.power_watts = value_at(table_.accelerator_power_watts(), index, "accelerator_power_watts");
    const auto* partitions = table_.accelerator_partitions();
    if (partitions != nullptr && reader_.good() && partitions->Get(index) != 0) use.partitions = partitions->Get(index) - 1U;
    const auto* temperatures = table_.accelerator_temperature_c();
    if (temperatures == nullptr || !reader_.good()) return use;
    const auto coded = temperatures->Get(index);
    if ((coded & ~kWhole) != 0) use.temperature_celsius = (coded & ~kWhole) - 1U;
    if (partitions == nullptr && (coded & kWhole) != 0) use.partitions = 0;
    return use;
  }

  template <class Vector>
  std::uint32_t value_at(const Vector* vector, flatbuffers::uoffset_t index, const char* field) {
    reader_.require(vector != nullptr, field, "is absent and said to be known");
    return vector == nullptr ? 0 : vector->Get(index);
  }

  const wire::Usage& table_;
  FieldReader& reader_;
  std::vector<std::string> others_;
  std::size_t next_other_ = 0;
};

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
  AcceleratorReader accelerators(table, reader);
  message.usage.accelerators = accelerators.read();
  message.addresses_as_in_hello = accelerators.as_in_hello();
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
  const AcceleratorLists lists = lists_of(message.usage.accelerators, !message.addresses_as_in_hello);
  const auto problems = put_problems<wire::Problem>(builder, message.usage.problems);
  const auto file_systems = put_file_systems(builder, message.usage.file_systems);
  const auto others = put_texts(builder, lists.other_addresses, kMaxAccelerators);
  const auto flags = put_known(builder, lists.flags, !lists.flags.empty());
  const auto partitions = put_known(builder, lists.partitions, lists.any_partitions && (lists.any_cut || !lists.any_temperature));
  const auto temperatures = put_known(builder, lists.temperatures, lists.any_temperature);
  const auto power = put_known(builder, lists.power_watts, (lists.any & bit(Flags::power_known)) != 0);
  const auto busy = put_known(builder, lists.busy_permille, (lists.any & bit(Flags::busy_known)) != 0);
  const auto memory = put_known(builder, lists.memory_used_mib, (lists.any & bit(Flags::memory_known)) != 0);
  const auto addresses = put_known(builder, lists.addresses, !lists.flags.empty() && !message.addresses_as_in_hello);
  const auto disk_traffic = put_traffic(builder, message.usage.disk_traffic, kMaxTrafficDevices);
  const auto nic_traffic = put_traffic(builder, message.usage.nic_traffic, kMaxTrafficDevices);
  const bool gap = builder.GetSize() % sizeof(std::uint64_t) != 0;  // seq goes where padding would be
  wire::UsageBuilder table(builder);                                // widest fields first: no padding between them
  if (gap) table.add_seq(message.envelope.seq);
  table.add_run_id(message.envelope.run_id);
  table.add_shape_prefix(message.shape_prefix);
  if (!gap) table.add_seq(message.envelope.seq);
  add_readings(table, message.usage.readings);
  table.add_accelerator_flags(flags);
  table.add_accelerator_pci_addresses(addresses);
  table.add_accelerator_memory_used_mib(memory);
  table.add_accelerator_busy_permille(busy);
  table.add_accelerator_other_addresses(others);
  table.add_problems(problems);
  table.add_accelerator_power_watts(power);
  table.add_accelerator_partitions(partitions);
  table.add_file_systems(file_systems);
  if (message.usage.cpu_steal_millicores) table.add_cpu_steal_millicores(*message.usage.cpu_steal_millicores);
  if (message.usage.load_centi) table.add_load_centi(*message.usage.load_centi);
  table.add_disk_traffic(disk_traffic);
  table.add_nic_traffic(nic_traffic);
  table.add_accelerator_temperature_c(temperatures);
  return finish(builder, table.Finish(), kUsageId);
}

Result<Heartbeat> decode_heartbeat(const Received& received) {
  return decode_kind<Heartbeat, wire::Heartbeat>(received, kHeartbeatId, "heartbeat", read_heartbeat);
}

Result<UsageMessage> decode_usage(const Received& received) {
  return decode_kind<UsageMessage, wire::Usage>(received, kUsageId, "usage", read_usage);
}

}  // namespace capmap
