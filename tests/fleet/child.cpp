#include <algorithm>

#include "tests/fleet/children.hpp"

namespace capmap::fleet {
namespace {

constexpr std::array kFields = {&Readings::cpu_busy_millicores,   &Readings::memory_used_mib,   &Readings::storage_used_mb,
                                &Readings::storage_read_kbs,      &Readings::storage_write_kbs, &Readings::network_receive_kbps,
                                &Readings::network_transmit_kbps, &Readings::power_watts};

}  // namespace

Child::Child(const Plan& plan, std::vector<std::uint32_t> numbers, std::vector<SiteId> site_ids, std::uint64_t seed)
    : plan_(plan), site_ids_(std::move(site_ids)), run_id_(random_u64()) {
  servers_.reserve(numbers.size());
  for (const auto number : numbers) servers_.emplace_back(plan, number, seed);
}

BatchHello Child::hello(std::uint32_t first, const std::vector<ShapeId>& shape_of_machine) {
  BatchHello hello{.envelope = envelope(), .first = first, .all_nodes = {}, .nodes = {}};
  for (std::size_t i = first; i < std::min<std::size_t>(servers_.size(), first + kHelloNodes); ++i) {
    const auto& server = servers_[i];
    NodeId id{};
    for (std::size_t k = 0; k < 4; ++k) id.bytes[8 + k] = static_cast<std::uint8_t>(server.number() >> (8 * k));
    std::uint64_t mixed = (server.number() + 1) * 0x9E37'79B9'7F4A'7C15U;
    for (std::size_t k = 0; k < 8; ++k) id.bytes[k] = static_cast<std::uint8_t>(mixed >> (8 * k));
    hello.nodes.push_back({.id = id,
                           .site = site_ids_[plan_.site_of[server.number()]],
                           .shape = shape_of_machine[server.machine()],
                           .memory_total_mib = server.memory_total_mib(),
                           .pus_allowed = server.pus()});
  }
  return hello;
}

BatchStates Child::full_states(std::uint32_t first) {
  BatchStates states;
  states.envelope = envelope();
  states.first = first;
  states.liveness = BatchLiveness::kFresh;
  states.full = true;
  const auto end = std::min<std::size_t>(servers_.size(), first + std::size_t{kHelloNodes});
  states.count = static_cast<std::uint32_t>(end - first);
  for (std::size_t i = first; i < end; ++i) {
    const auto& usage = servers_[i].usage();
    for (std::size_t k = 0; k < kBatchReadings; ++k) states.readings[k].push_back(batch_entry(usage.readings.*kFields[k]));
    std::uint8_t used = 0, free = 0, unhealthy = 0;
    for (const auto& card : usage.accelerators) {
      if (card.healthy == false) {
        ++unhealthy;
      } else if (card.used) {
        ++(*card.used ? used : free);
      }
    }
    states.accelerators_used.push_back(used);
    states.accelerators_free.push_back(free);
    states.accelerators_unhealthy.push_back(unhealthy);
  }
  return states;
}

BatchStates Child::moved_states(std::uint32_t first) {
  BatchStates states;
  states.envelope = envelope();
  states.first = first;
  states.liveness = BatchLiveness::kFresh;
  const auto end = std::min<std::size_t>(servers_.size(), first + std::size_t{kStateNodes});
  states.count = static_cast<std::uint32_t>(end - first);
  for (std::size_t i = first; i < end; ++i) {
    servers_[i].drift();
    const auto& readings = servers_[i].usage().readings;
    states.readings[0].push_back(batch_entry(readings.cpu_busy_millicores));
    states.readings[1].push_back(batch_entry(readings.memory_used_mib));
  }
  return states;
}

}  // namespace capmap::fleet
