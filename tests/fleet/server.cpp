#include "tests/fleet/server.hpp"

#include <algorithm>
#include <cstdio>

#include "common/shape.hpp"

namespace capmap::fleet {
namespace {

constexpr std::uint64_t kMib = 1 << 20;
constexpr std::array kKernels = {"5.10.0-136.12.0.86.oe2203sp1", "6.1.0-18-amd64", "5.15.0-105-generic", "4.18.0-513.el8"};
constexpr std::array kVersions = {"0.1.0", "0.1.1", "0.2.0-rc1"};
constexpr std::uint32_t kCardWatts = 300, kLeastWatts = 120, kMostCpuWatts = 700;

std::uint32_t device_count(const auto& rows) {
  std::uint32_t count = 0;
  for (const auto& row : rows) count += row.count;
  return count;
}

std::vector<std::string> names(const char* word, std::uint32_t count, Dice& random) {
  std::vector<std::string> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(word + std::to_string(i));
  std::shuffle(all.begin(), all.end(), random);
  return all;
}

}  // namespace

Server::Server(const Plan& plan, std::uint32_t number, std::uint64_t seed)
    : number_(number), machine_(plan.machine_of[number]), random_(seed * 1'000'003 + number), seed_(seed) {
  const auto& shape = plan.machines[machine_].shape;
  // A kernel keeps some memory for itself: 4 % below the modules, each server up to 3 % to either side.
  memory_total_bytes_ = *shape.memory_bytes / 1'000 * (960 + random_() % 61 - 30);
  memory_total_mib_ = static_cast<std::uint32_t>(memory_total_bytes_ / kMib);
  pus_ = *shape.cpu.pus;
  disks_ = device_count(shape.disks);
  nics_ = device_count(shape.nics);
  const auto cards = device_count(shape.accelerators);
  for (std::uint32_t i = 0; i < cards; ++i) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "0000:%02x:00.0", 0x10 + i * 0x17);
    addresses_.emplace_back(text.data());
    const bool used = random_() % 3 != 0;
    usage_.accelerators.push_back({.pci_address = text.data(),
                                   .used = random_() % 50 == 0 ? std::optional<bool>{} : used,
                                   .memory_used_mib = used ? 40'000U : 4U,
                                   .busy_permille = {},
                                   .healthy = random_() % 100 != 0});
  }
  auto& readings = usage_.readings;
  readings.cpu_busy_millicores = static_cast<std::uint32_t>(random_() % (pus_ * 1'000));
  readings.memory_used_mib = static_cast<std::uint32_t>(random_() % memory_total_mib_);
  std::uint64_t bytes = 0;
  for (const auto& row : shape.disks) bytes += row.bytes.value_or(0) * row.count;
  readings.storage_used_mb = static_cast<std::uint32_t>(random_() % (bytes / 1'000'000));
  readings.storage_read_kbs = static_cast<std::uint32_t>(random_() % 500'000);
  readings.storage_write_kbs = static_cast<std::uint32_t>(random_() % 300'000);
  const bool link_up = random_() % 200 != 0;
  readings.network_receive_kbps = link_up ? static_cast<std::uint32_t>(random_() % 9'000'000) : 0U;
  readings.network_transmit_kbps = link_up ? static_cast<std::uint32_t>(random_() % 9'000'000) : 0U;
  if (number % 4 != 0) readings.power_watts = kLeastWatts + static_cast<std::uint32_t>(random_() % kMostCpuWatts) + cards * kCardWatts;
}

Hello Server::hello(std::uint64_t now_unix_ms) const {
  Dice random(number_ * 7'919ULL + 1);
  Hello hello;
  hello.agent_version = kVersions[random() % kVersions.size()];
  hello.hostname = "sim-" + std::to_string(number_);
  hello.os = "simulated";
  hello.kernel = kKernels[random() % kKernels.size()];
  hello.virtualization = "none";
  hello.memory_total_bytes = lies_ ? std::uint64_t{1} << 63U : memory_total_bytes_;
  hello.pus_allowed = pus_;
  hello.time_unix_ms = now_unix_ms;
  hello.disk_names = names("disk", disks_, random);
  hello.nic_names = names("eth", nics_, random);
  hello.accelerator_addresses = addresses_;
  hello.machine = marks();
  return hello;
}

MachineMarks Server::marks() const {
  constexpr const char* kSalt = "capmap-fleet";
  Dice random(seed_ * 6'364'136'223'846'793'005ULL + number_);
  std::array<char, 40> uuid{}, port{};
  const auto high = random(), low = random();
  std::snprintf(uuid.data(), uuid.size(), "%08llx-%04llx-%04llx-%04llx-%012llx", static_cast<unsigned long long>(high >> 32U),
                static_cast<unsigned long long>(high >> 16U & 0xffffU), static_cast<unsigned long long>(high & 0xffffU),
                static_cast<unsigned long long>(low >> 48U), static_cast<unsigned long long>(low & 0xffff'ffff'ffffU));
  std::vector<std::string> ports;
  for (const std::uint64_t at : {2ULL * number_, 2ULL * number_ + 1}) {
    const auto byte = [at](unsigned shift) { return static_cast<unsigned>(at >> shift & 0xffU); };
    std::snprintf(port.data(), port.size(), "b4:96:%02x:%02x:%02x:%02x", 0x91U ^ byte(24), byte(16), byte(8), byte(0));
    ports.emplace_back(port.data());
  }
  return {.uuid = uuid_fingerprint(kSalt, uuid.data()), .ports = ports_fingerprint(kSalt, ports)};
}

Hello Server::hello_as(const Shape& shape, std::uint64_t now_unix_ms) const {
  auto hello = this->hello(now_unix_ms);
  Dice random(number_ * 7'919ULL + 2);
  if (hello.disk_names.size() != device_count(shape.disks)) hello.disk_names = names("disk", device_count(shape.disks), random);
  if (hello.nic_names.size() != device_count(shape.nics)) hello.nic_names = names("eth", device_count(shape.nics), random);
  return hello;
}

namespace {

std::uint32_t step(std::uint32_t value, std::uint32_t most, Dice& random) {
  const std::int64_t by = static_cast<std::int64_t>(random() % (most / 10 + 1)) - most / 20;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value + by, 0, most));
}

}  // namespace

void Server::drift() {
  usage_.readings.cpu_busy_millicores = step(*usage_.readings.cpu_busy_millicores, pus_ * 1'000, random_);
  usage_.readings.memory_used_mib = step(*usage_.readings.memory_used_mib, memory_total_mib_, random_);
}

void Server::walk() {
  if (lies_) return;
  drift();
  if (usage_.readings.power_watts) {
    const auto above = std::min(*usage_.readings.power_watts - kLeastWatts, kMostCpuWatts);
    usage_.readings.power_watts = kLeastWatts + step(above, kMostCpuWatts, random_);
  }
  if (usage_.accelerators.empty() || random_() % 8 != 0) return;
  auto& card = usage_.accelerators[random_() % usage_.accelerators.size()];
  if (card.used) card.used = !*card.used;
}

void Server::lie() {
  lies_ = true;
  usage_.readings.cpu_busy_millicores = UINT32_MAX;
  usage_.readings.power_watts = UINT32_MAX;
  usage_.readings.memory_used_mib.reset();
}

Result<TruthFile> TruthFile::create(const std::string& folder, const Plan& plan, const std::string& part) {
  std::ofstream machines(folder + "/machines.csv");
  machines << "machine,hardware,architecture,cpu_model,packages,cores,pus,memory_bytes,accelerator_vendor_id,accelerator_device_id,"
              "accelerators,nics,"
              "nic_mbps,nvme_bytes,ssd_bytes,hdd_bytes,cpu_fp64_mflops,cpu_fp32_mflops,accelerator_fp32_mflops,accelerator_fp16_mflops\n";
  for (std::size_t i = 0; i < plan.machines.size(); ++i) {
    const auto& machine = plan.machines[i];
    const auto& shape = machine.shape;
    std::array<std::uint64_t, 5> by_media{};
    for (const auto& row : shape.disks) by_media[static_cast<std::size_t>(row.media)] += *row.bytes * row.count;
    std::uint64_t mbps = 0;
    for (const auto& row : shape.nics) mbps += std::uint64_t{*row.speed_mbps} * row.count;
    machines << i << ',' << to_text(pack_shape(shape).id) << (shape.cpu.architecture == Architecture::kAarch64 ? ",aarch64," : ",x86_64,")
             << shape.cpu.model << ',' << *shape.cpu.packages << ',' << *shape.cpu.cores << ',' << *shape.cpu.pus << ','
             << *shape.memory_bytes << ',';
    if (!shape.accelerators.empty()) machines << shape.accelerators[0].vendor_id << ',' << shape.accelerators[0].device_id;
    if (shape.accelerators.empty()) machines << ',';
    machines << ',' << device_count(shape.accelerators) << ',' << device_count(shape.nics) << ',' << mbps << ',' << by_media[1] << ','
             << by_media[2] << ',' << by_media[3] << ',' << machine.cpu_fp64_mflops << ',' << machine.cpu_fp32_mflops << ','
             << machine.accelerator_fp32_mflops << ',' << machine.accelerator_fp16_mflops << '\n';
  }
  machines.close();
  if (!machines) return Error{ErrorCode::kFull, folder + "/machines.csv: could not be written whole"};
  std::ofstream nodes(folder + "/nodes." + part + ".csv");
  if (!nodes) return Error{ErrorCode::kDenied, folder + ": cannot be written"};
  nodes << "node,site,region,compute_class,machine,liveness,verdict,doubt,memory_total_mib,pus_allowed,cpu_busy_millicores,memory_used_mib,"
           "storage_used_mb,storage_read_kbs,storage_write_kbs,network_receive_kbps,network_transmit_kbps,power_watts,accelerators_used,"
           "accelerators_free,accelerators_unhealthy\n";
  return TruthFile(std::move(nodes));
}

void TruthFile::add(const Plan& plan, const Server& server, const char* liveness, const char* doubt) {
  const auto& site = plan.sites[plan.site_of[server.number()]];
  nodes_ << server.number() << ',' << site.name << ',' << site.region << ',' << site.compute_class << ',' << server.machine() << ','
         << liveness << (server.lies() || doubt != nullptr ? ",contradicted," : ",consistent,") << (doubt == nullptr ? "" : doubt) << ',';
  if (!server.lies()) nodes_ << server.memory_total_mib();
  nodes_ << ',' << server.pus();
  const auto& readings = server.usage().readings;
  for (const auto& value : {server.lies() ? std::nullopt : readings.cpu_busy_millicores, readings.memory_used_mib, readings.storage_used_mb,
                            readings.storage_read_kbs, readings.storage_write_kbs, readings.network_receive_kbps,
                            readings.network_transmit_kbps, server.lies() ? std::nullopt : readings.power_watts}) {
    nodes_ << ',';
    if (value) nodes_ << *value;
  }
  std::uint32_t used = 0, free = 0, unhealthy = 0;
  for (const auto& card : server.usage().accelerators) {
    if (card.healthy == false) {
      ++unhealthy;
    } else if (card.used) {
      ++(*card.used ? used : free);
    }
  }
  nodes_ << ',' << used << ',' << free << ',' << unhealthy << '\n';
}

Result<Done> TruthFile::finish() {
  nodes_.close();
  if (!nodes_) return Error{ErrorCode::kFull, "nodes.csv: could not be written whole"};
  return Done{};
}

}  // namespace capmap::fleet
