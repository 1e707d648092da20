#include <algorithm>

#include "tests/fleet/children.hpp"

namespace capmap::fleet {
namespace {

constexpr std::array kFields = {&Readings::cpu_busy_millicores,   &Readings::memory_used_mib,   &Readings::storage_used_mb,
                                &Readings::storage_read_kbs,      &Readings::storage_write_kbs, &Readings::network_receive_kbps,
                                &Readings::network_transmit_kbps, &Readings::power_watts};

}  // namespace

Child::Child(const Plan& plan, std::vector<std::uint32_t> numbers, std::vector<SiteId> site_ids, std::uint64_t seed)
    : plan_(plan), site_ids_(std::move(site_ids)), dice_(seed + numbers.size()), run_id_(random_u64()) {
  servers_.reserve(numbers.size());
  for (const auto number : numbers) servers_.emplace_back(plan, number, seed);
  states_.resize(servers_.size(), State::kFresh);
  number_of_.resize(servers_.size());
  restart();
}

void Child::restart() {
  run_id_ = random_u64();
  seq_ = 0;
  order_.clear();
  for (std::uint32_t i = 0; i < servers_.size(); ++i) {
    if (states_[i] == State::kGone) continue;
    number_of_[i] = static_cast<std::uint32_t>(order_.size());
    order_.push_back(i);
  }
}

void Child::churn(std::uint32_t servers, std::uint32_t named) {
  for (std::uint32_t i = 0; i < servers; ++i) {
    const auto server = static_cast<std::uint32_t>(dice_() % servers_.size());
    auto& state = states_[server];
    if (number_of_[server] >= named) continue;
    if (state == State::kGone) {
      number_of_[server] = static_cast<std::uint32_t>(order_.size());
      order_.push_back(server);
    }
    state = state == State::kFresh ? static_cast<State>(1 + dice_() % 3) : State::kFresh;
  }
}

void Child::calm() {
  std::ranges::replace(states_, State::kStale, State::kFresh);
}

BatchStates Child::about(std::uint32_t first, std::uint32_t most, State state, std::vector<std::uint32_t>& servers) {
  constexpr std::array kWords = {BatchLiveness::kFresh, BatchLiveness::kStale, BatchLiveness::kLost, BatchLiveness::kGone};
  BatchStates states;
  states.liveness = kWords[static_cast<std::size_t>(state)];
  states.first = first;
  const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(order_.size(), std::size_t{first} + most));
  servers.reserve(end - std::min(end, first));
  states.nodes.reserve(servers.capacity());
  for (auto number = first; number < end; ++number) {
    const auto server = order_[number];
    if (states_[server] != state || number_of_[server] != number) continue;
    states.nodes.push_back(number);
    servers.push_back(server);
  }
  states.count = static_cast<std::uint32_t>(servers.size());
  if (states.count == end - first) states.nodes.clear();
  if (states.count != 0) states.envelope = envelope();
  return states;
}

BatchHello Child::hello(std::uint32_t first, const std::vector<ShapeId>& shape_of_machine) {
  BatchHello hello{.envelope = envelope(), .first = first, .all_nodes = static_cast<std::uint32_t>(order_.size()), .nodes = {}};
  for (std::size_t i = first; i < std::min<std::size_t>(order_.size(), first + kHelloNodes); ++i) {
    const auto& server = servers_[order_[i]];
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
  return full_states_of(first, State::kFresh);
}

BatchStates Child::full_states_of(std::uint32_t first, State state) {
  std::vector<std::uint32_t> servers;
  auto states = about(first, kHelloNodes, state, servers);
  if (state == State::kGone) return states;
  states.full = true;
  for (const auto server : servers) {
    const auto& usage = servers_[server].usage();
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

BatchStates Child::moved_states(std::uint32_t first, std::uint32_t most) {
  std::vector<std::uint32_t> servers;
  auto states = about(first, most, State::kFresh, servers);
  for (std::size_t k = 0; k < 2; ++k) states.readings[k].reserve(servers.size());
  for (const auto server : servers) {
    servers_[server].drift();
    const auto& readings = servers_[server].usage().readings;
    states.readings[0].push_back(batch_entry(readings.cpu_busy_millicores));
    states.readings[1].push_back(batch_entry(readings.memory_used_mib));
  }
  return states;
}

BatchStates Child::alive(std::uint32_t first, std::uint32_t most) {
  std::vector<std::uint32_t> servers;
  return about(first, most, State::kFresh, servers);
}

}  // namespace capmap::fleet
