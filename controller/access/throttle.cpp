#include "controller/access/throttle.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace capmap {

std::uint64_t Throttle::wait_ms(const std::string& key, std::uint64_t now_ms) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.failures < limits_.free) return 0;
  const auto& entry = found->second;
  if (now_ms >= entry.failed_ms + limits_.forget_ms) return 0;
  const auto doublings = std::min<std::uint32_t>(entry.failures - limits_.free, 30);
  const auto until_ms = entry.failed_ms + std::min(limits_.first_ms << doublings, limits_.longest_ms);
  return until_ms > now_ms ? until_ms - now_ms : 0;
}

void Throttle::tried(const std::string& key, std::uint64_t now_ms) {
  auto found = entries_.find(key);
  if (found != entries_.end() && now_ms >= found->second.failed_ms + limits_.forget_ms) {
    forget(found);
    found = entries_.end();
  }
  if (found == entries_.end()) {
    if (entries_.size() >= limits_.most) forget(entries_.find(ages_.front()));
    ages_.push_back(key);
    found = entries_.emplace(key, Entry{.failures = 0, .failed_ms = 0, .age = std::prev(ages_.end())}).first;
  } else {
    ages_.splice(ages_.end(), ages_, found->second.age);
  }
  ++found->second.failures;
  found->second.failed_ms = now_ms;
}

void Throttle::succeeded(const std::string& key) {
  if (const auto found = entries_.find(key); found != entries_.end()) forget(found);
}

void Throttle::forget(std::unordered_map<std::string, Entry>::iterator entry) {
  ages_.erase(entry->second.age);
  entries_.erase(entry);
}

std::string throttle_key(const std::string& address) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return address;
  static constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::memcmp(bytes.data(), kMapped.data(), kMapped.size()) != 0) std::fill(bytes.begin() + 8, bytes.end(), 0);
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

}  // namespace capmap
