#include "agent/probe/devices/join_readings.hpp"

#include <algorithm>

namespace capmap {
namespace {

using Dies = std::vector<DeviceReading>;

/// Sum of what every die told; nothing when one did not.
template <class Member>
auto sum_of(const Dies& dies, Member member) {
  auto sum = dies.front().*member;
  for (std::size_t i = 1; i < dies.size(); ++i) {
    if (!sum || !(dies[i].*member)) return decltype(sum)();
    *sum += *(dies[i].*member);
  }
  return sum;
}

template <class Member>
auto told_by_one(const Dies& dies, Member member) {
  const auto tells = [&](const DeviceReading& die) { return (die.*member).value_or(0) > 0; };
  const auto first = std::ranges::find_if(dies, tells);
  return std::ranges::count_if(dies, tells) == 1 ? (*first).*member : std::nullopt;
}

std::optional<bool> health_of(const Dies& dies) {
  const auto is = [](bool wanted) { return [wanted](const DeviceReading& die) { return die.healthy == wanted; }; };
  if (std::ranges::any_of(dies, is(false))) return false;
  if (std::ranges::all_of(dies, is(true))) return true;
  return std::nullopt;
}

}  // namespace

DeviceReading join_dies(const std::vector<DeviceReading>& dies) {
  if (dies.size() == 1) return dies.front();
  DeviceReading card = dies.front();
  card.partitions.clear();
  card.failures.clear();
  card.memory_total_bytes = sum_of(dies, &DeviceReading::memory_total_bytes);
  card.memory_used_bytes = sum_of(dies, &DeviceReading::memory_used_bytes);
  card.idle_bytes = sum_of(dies, &DeviceReading::idle_bytes);
  card.compute_processes = sum_of(dies, &DeviceReading::compute_processes);
  card.ecc_corrected = sum_of(dies, &DeviceReading::ecc_corrected);
  card.ecc_uncorrected = sum_of(dies, &DeviceReading::ecc_uncorrected);
  card.busy_permille = sum_of(dies, &DeviceReading::busy_permille);
  if (card.busy_permille) *card.busy_permille /= static_cast<std::uint32_t>(dies.size());
  card.power_milliwatts = told_by_one(dies, &DeviceReading::power_milliwatts);
  card.power_limit_milliwatts = told_by_one(dies, &DeviceReading::power_limit_milliwatts);
  card.healthy = health_of(dies);
  for (std::size_t i = 0; i < dies.size(); ++i) {
    const auto& die = dies[i];
    const std::string place = "die " + std::to_string(i);
    card.temperature_celsius = std::max(card.temperature_celsius, die.temperature_celsius);
    if (card.pci_id != die.pci_id) card.pci_id.clear();
    if (die.cut) card.cut = card.cut_next = card.cut.value_or(false) || *die.cut;
    card.partitions.push_back({.name = die.name.empty() ? place : die.name,
                               .memory_total_bytes = die.memory_total_bytes,
                               .memory_used_bytes = die.memory_used_bytes,
                               .pci_address = die.pci_address,
                               .die = true});
    for (const auto& failure : die.failures) card.failures.push_back(place + ": " + failure);
  }
  for (const auto& die : dies) card.partitions.insert(card.partitions.end(), die.partitions.begin(), die.partitions.end());
  return card;
}

void fill_in(DeviceReading& reading, const DeviceReading& other) {
  const auto text = [&](auto member) {
    if ((reading.*member).empty()) reading.*member = other.*member;
  };
  const auto value = [&](auto member) {
    if (!(reading.*member)) reading.*member = other.*member;
  };
  text(&DeviceReading::name);
  text(&DeviceReading::uuid);
  text(&DeviceReading::pci_id);
  text(&DeviceReading::partitions);
  if (!reading.memory_used_bytes) {  // these three belong together
    reading.memory_used_bytes = other.memory_used_bytes;
    reading.idle_bytes = other.idle_bytes;
    value(&DeviceReading::memory_total_bytes);
  }
  value(&DeviceReading::busy_permille);
  value(&DeviceReading::power_milliwatts);
  value(&DeviceReading::power_limit_milliwatts);
  for (const auto member : {&DeviceReading::power_limit_min_milliwatts, &DeviceReading::power_limit_max_milliwatts,
                            &DeviceReading::power_limit_default_milliwatts, &DeviceReading::temperature_celsius, &DeviceReading::core_mhz,
                            &DeviceReading::memory_mhz, &DeviceReading::core_max_mhz, &DeviceReading::memory_max_mhz, &DeviceReading::links,
                            &DeviceReading::links_up, &DeviceReading::link_mbs}) {
    value(member);
  }
  value(&DeviceReading::ecc_corrected);
  value(&DeviceReading::ecc_uncorrected);
  value(&DeviceReading::ecc);
  value(&DeviceReading::ecc_next);
  value(&DeviceReading::compute_processes);
  value(&DeviceReading::cut);
  value(&DeviceReading::cut_next);
  if (!reading.healthy || other.healthy == false) reading.healthy = other.healthy;
}

}  // namespace capmap
