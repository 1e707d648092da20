#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

namespace capmap {

/// Makes who fails again and again wait: some failures are free, then each doubles the wait. One key's failures are forgotten when it has
/// been quiet for `forget_ms`. Keeps `most` keys; beyond them the one that failed longest ago is forgotten. Used by one thread.
class Throttle {
 public:
  struct Limits {
    std::uint32_t free = 5;
    std::uint64_t first_ms = 2'000, longest_ms = 900'000, forget_ms = 3'600'000;
    std::size_t most = 4'096;
  };
  explicit Throttle(Limits limits) : limits_(limits) {}

  /// How long this key still has to wait; 0: it may try.
  [[nodiscard]] std::uint64_t wait_ms(const std::string& key, std::uint64_t now_ms) const;
  /// Counted when a try begins, so that many at once are many; succeeded() takes it back.
  void tried(const std::string& key, std::uint64_t now_ms);
  void succeeded(const std::string& key);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint32_t failures = 0;
    std::uint64_t failed_ms = 0;
    std::list<std::string>::iterator age;
  };
  void forget(std::unordered_map<std::string, Entry>::iterator entry);
  Limits limits_;
  std::list<std::string> ages_;  ///< keys, failed longest ago first
  std::unordered_map<std::string, Entry> entries_;
};

/// What a client address is throttled by: itself, or its /64 of IPv6, of which one machine may have all.
std::string throttle_key(const std::string& address);

}  // namespace capmap
