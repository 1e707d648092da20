#include "controller/map/cold_store.hpp"

#include <algorithm>
#include <cstring>

#include "controller/map/cold_bytes.hpp"

namespace capmap {
namespace {

std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

/// What servers of one kind say alike.
std::string alike(const Hello& hello) {
  ColdWriter out;
  for (const auto* text : {&hello.os, &hello.kernel, &hello.agent_version, &hello.virtualization}) out.text(*text);
  for (const auto* list : {&hello.disk_names, &hello.nic_names, &hello.accelerator_addresses}) out.texts(*list);
  out.problems(hello.problems);
  for (const auto* text : {&hello.maker, &hello.product}) out.text(*text);
  out.number(hello.labels.size());
  for (const auto& label : hello.labels) {
    out.text(label.key);
    out.text(label.value);
  }
  out.number(hello.accelerator_drivers.size());
  for (const auto& driver : hello.accelerator_drivers) {
    for (const auto* text : {&driver.name, &driver.version, &driver.cuda_version}) out.text(*text);
  }
  out.number(hello.accelerator_power_limit_watts.size());
  for (const auto& watts : hello.accelerator_power_limit_watts) out.maybe(watts);
  return out.take();
}

void read_alike(std::string_view bytes, Hello& hello) {
  ColdReader in(bytes);
  for (auto* text : {&hello.os, &hello.kernel, &hello.agent_version, &hello.virtualization}) *text = in.text();
  for (auto* list : {&hello.disk_names, &hello.nic_names, &hello.accelerator_addresses}) *list = in.texts();
  hello.problems = in.problems();
  for (auto* text : {&hello.maker, &hello.product}) *text = in.text();
  hello.labels.resize(in.number());
  for (auto& label : hello.labels) {
    label.key = in.text();
    label.value = in.text();
  }
  hello.accelerator_drivers.resize(in.number());
  for (auto& driver : hello.accelerator_drivers) {
    for (auto* text : {&driver.name, &driver.version, &driver.cuda_version}) *text = in.text();
  }
  hello.accelerator_power_limit_watts.resize(in.number());
  for (auto& watts : hello.accelerator_power_limit_watts) in.maybe(watts);
}

/// An address that the hello lists is told by its number there.
void write_device(ColdWriter& out, const AcceleratorUse& device, const std::vector<std::string>& addresses) {
  const auto at = std::ranges::find(addresses, device.pci_address);
  out.number(at == addresses.end() ? 0 : static_cast<std::uint64_t>(at - addresses.begin()) + 1);
  if (at == addresses.end()) out.text(device.pci_address);
  const auto three = [](const std::optional<bool>& value) { return value ? (*value ? 2U : 1U) : 0U; };
  out.number(three(device.used) | three(device.healthy) << 2);
  for (const auto& value :
       {device.memory_used_mib, device.busy_permille, device.power_watts, device.partitions, device.temperature_celsius}) {
    out.maybe(value);
  }
}

AcceleratorUse read_device(ColdReader& in, const std::vector<std::string>& addresses) {
  AcceleratorUse device;
  const auto at = in.number();
  device.pci_address = at == 0 ? in.text() : addresses[at - 1];
  const auto words = in.number();
  if ((words & 3U) != 0) device.used = (words & 3U) == 2;
  if (words >> 2 != 0) device.healthy = words >> 2 == 2;
  for (auto* value :
       {&device.memory_used_mib, &device.busy_permille, &device.power_watts, &device.partitions, &device.temperature_celsius}) {
    in.maybe(*value);
  }
  return device;
}

void write_measured(ColdWriter& out, const std::optional<Measured>& measured) {
  out.number(measured ? 1 : 0);
  if (!measured) return;
  for (const auto number : {measured->at_unix_s, std::uint64_t{measured->seconds}, std::uint64_t{measured->threads}}) out.number(number);
  for (const auto& figure : {measured->fp64_gemm_mflops, measured->fp32_gemm_mflops, measured->memory_mbs, measured->disk_read_mbs}) {
    out.maybe(figure);
  }
  out.texts(measured->conditions);
}

void read_measured(ColdReader& in, std::optional<Measured>& measured) {
  if (in.number() == 0) return;
  auto& figures = measured.emplace();
  figures.at_unix_s = in.number();
  figures.seconds = static_cast<std::uint32_t>(in.number());
  figures.threads = static_cast<std::uint32_t>(in.number());
  for (auto* figure : {&figures.fp64_gemm_mflops, &figures.fp32_gemm_mflops, &figures.memory_mbs, &figures.disk_read_mbs})
    in.maybe(*figure);
  figures.conditions = in.texts();
}

}  // namespace

void ColdStore::forget(std::uint32_t row) {
  if (open_row_ == row) open_row_.reset();
  put(row, {});
}

ColdRecord& ColdStore::open(std::uint32_t row) {
  if (open_row_ == row) return open_;
  close();
  open_ = unpack(get(row));
  open_row_ = row;
  return open_;
}

ColdRecord ColdStore::copy(std::uint32_t row) const {
  return open_row_ == row ? open_ : unpack(get(row));
}

void ColdStore::close() {
  if (open_row_) put(*open_row_, pack(open_));
  open_row_.reset();
}

std::string_view ColdStore::get(std::uint32_t row) const {
  const auto chunk = row / kChunkRows;
  if (chunk >= chunks_.size() || !chunks_[chunk]) return {};
  const auto* const packed = (*chunks_[chunk])[row % kChunkRows].get();
  if (packed == nullptr) return {};
  std::uint32_t size = 0;
  std::memcpy(&size, packed, sizeof size);
  return {packed + sizeof size, size};
}

void ColdStore::put(std::uint32_t row, std::string_view bytes) {
  const auto before = get(row);
  unshare(before);
  packed_bytes_ -= before.size();
  packed_bytes_ += bytes.size();
  const auto chunk = row / kChunkRows;
  if (bytes.empty() && before.empty()) return;
  if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
  if (!chunks_[chunk]) chunks_[chunk] = std::make_unique<std::array<Packed, kChunkRows>>();
  auto& packed = (*chunks_[chunk])[row % kChunkRows];
  if (bytes.size() != before.size() || bytes.empty()) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    packed = bytes.empty() ? nullptr : std::make_unique<char[]>(sizeof size + bytes.size());
    if (packed) std::memcpy(packed.get(), &size, sizeof size);
  }
  if (packed) std::memcpy(packed.get() + sizeof(std::uint32_t), bytes.data(), bytes.size());
}

std::string ColdStore::pack(const ColdRecord& record) {
  ColdWriter out;
  const auto& hello = record.hello;
  const bool has_rules = !record.old_runs.empty() || !record.new_shapes_ms.empty() || !record.renamed_ms.empty() || record.excluded != 0 ||
                         record.goodbye || hello.shape_id != ShapeId{};
  if (!everything_ && !has_rules) return {};
  out.number(everything_ ? share(alike(hello)) : 0);
  out.maybe(record.goodbye ? std::optional(record.goodbye->size()) : std::nullopt);
  if (record.goodbye) out.text(*record.goodbye);
  const bool named = hello.shape_id != ShapeId{};
  out.text(named ? std::string_view(reinterpret_cast<const char*>(hello.shape_id.bytes.data()), hello.shape_id.bytes.size()) : "");
  for (const auto* list : {&record.old_runs, &record.new_shapes_ms, &record.renamed_ms}) {
    out.number(list->size());
    for (const auto value : *list) out.number(value);
  }
  out.number(record.excluded);
  if (record.excluded != 0) out.number(record.flood_until_ms);
  if (!everything_) return out.take();
  out.text(hello.hostname);
  out.number(hello.hostname == record.joined_hostname ? 1 : 0);
  if (hello.hostname != record.joined_hostname) out.text(record.joined_hostname);
  out.maybe(hello.memory_total_bytes);
  out.maybe(hello.pus_allowed);
  out.maybe(hello.file_systems_size_mb);
  out.maybe(record.clock_skew_ms ? std::optional(zigzag(*record.clock_skew_ms)) : std::nullopt);
  out.number(record.accelerators.size());
  for (const auto& device : record.accelerators) write_device(out, device, hello.accelerator_addresses);
  out.number(record.file_systems.size());
  for (const auto& system : record.file_systems) {
    out.text(system.source);
    out.text(system.type);
    out.maybe(system.size_mb);
    out.maybe(system.used_mb);
  }
  out.maybe(record.cpu_steal_millicores);
  out.maybe(record.load_centi);
  for (const auto* devices : {&record.disk_traffic, &record.nic_traffic}) {
    out.number(devices->size());
    for (const auto& device : *devices) out.number(std::uint64_t{device.in} << 8U | device.out);
  }
  write_measured(out, hello.measured);
  out.problems(record.usage_problems);
  out.number(record.insane_reasons.size());
  for (const auto& [bit, why] : record.insane_reasons) {
    out.number(bit);
    out.text(why);
  }
  return out.take();
}

ColdRecord ColdStore::unpack(std::string_view bytes) const {
  ColdRecord record;
  if (bytes.empty()) return record;
  ColdReader in(bytes);
  auto& hello = record.hello;
  if (const auto number = in.number(); number != 0) read_alike(*shared_[number - 1].bytes, hello);
  std::optional<std::uint64_t> goodbye;
  in.maybe(goodbye);
  if (goodbye) record.goodbye = in.text();
  if (const auto id = in.text(); id.size() == hello.shape_id.bytes.size()) std::memcpy(hello.shape_id.bytes.data(), id.data(), id.size());
  for (auto* list : {&record.old_runs, &record.new_shapes_ms, &record.renamed_ms}) {
    list->resize(in.number());
    for (auto& value : *list) value = in.number();
  }
  record.excluded = static_cast<std::uint8_t>(in.number());
  if (record.excluded != 0) record.flood_until_ms = in.number();
  if (!everything_) return record;
  hello.hostname = in.text();
  record.joined_hostname = in.number() != 0 ? hello.hostname : in.text();
  in.maybe(hello.memory_total_bytes);
  in.maybe(hello.pus_allowed);
  in.maybe(hello.file_systems_size_mb);
  std::optional<std::uint64_t> skew;
  in.maybe(skew);
  if (skew) record.clock_skew_ms = unzigzag(*skew);
  record.accelerators.reserve(8);
  for (auto count = in.number(); count > 0; --count) record.accelerators.push_back(read_device(in, hello.accelerator_addresses));
  record.file_systems.resize(in.number());
  for (auto& system : record.file_systems) {
    system.source = in.text();
    system.type = in.text();
    in.maybe(system.size_mb);
    in.maybe(system.used_mb);
  }
  in.maybe(record.cpu_steal_millicores);
  in.maybe(record.load_centi);
  for (auto* devices : {&record.disk_traffic, &record.nic_traffic}) {
    devices->resize(in.number());
    for (auto& device : *devices) {
      const auto both = in.number();
      device = {.in = static_cast<std::uint8_t>(both >> 8U), .out = static_cast<std::uint8_t>(both)};
    }
  }
  read_measured(in, hello.measured);
  record.usage_problems = in.problems();
  record.insane_reasons.resize(in.number());
  for (auto& [bit, why] : record.insane_reasons) {
    bit = static_cast<std::uint8_t>(in.number());
    why = in.text();
  }
  return record;
}

std::uint32_t ColdStore::share(std::string bytes) {
  if (const auto known = shared_numbers_.find(bytes); known != shared_numbers_.end()) {
    ++shared_[known->second - 1].users;
    return known->second;
  }
  if (shared_free_.empty()) {
    shared_.emplace_back();
    shared_free_.push_back(static_cast<std::uint32_t>(shared_.size()));
  }
  const auto number = shared_free_.back();
  shared_free_.pop_back();
  shared_bytes_ += bytes.size();
  shared_[number - 1] = {.bytes = std::make_unique<const std::string>(std::move(bytes)), .users = 1};
  shared_numbers_.emplace(*shared_[number - 1].bytes, number);
  return number;
}

/// A packed record is let go: so is its part of what is shared.
void ColdStore::unshare(std::string_view packed) {
  const auto number = packed.empty() ? 0 : static_cast<std::uint32_t>(ColdReader(packed).number());
  if (number == 0 || --shared_[number - 1].users > 0) return;
  shared_bytes_ -= shared_[number - 1].bytes->size();
  shared_numbers_.erase(*shared_[number - 1].bytes);
  shared_[number - 1] = {};
  shared_free_.push_back(number);
}

}  // namespace capmap
