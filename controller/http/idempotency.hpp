#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "controller/http/message.hpp"

namespace capmap {

/// Remembers what POSTs with an Idempotency-Key were answered, so that sending one again changes nothing twice. Keeps the newest 1,000
/// keys; they die with the process. Used by the http thread alone.
class IdempotencyMemory {
 public:
  static constexpr std::size_t kMaxKeys = 1'000;
  static constexpr std::size_t kMaxKeyBytes = 200;

  /// What to do with a request under this key: nothing returned = carry it out (it is noted as begun); else the response to give: the
  /// remembered one with "Idempotency-Replayed: true", or 409 when the key came with something else or is still being worked on.
  /// `what` is everything that makes a request the same (method, path, body).
  std::optional<HttpResponse> begin(const std::string& key, const std::string& what);
  /// The answer of a begun key.
  void keep(const std::string& key, const HttpResponse& response);
  /// The begun key was not carried out: it may come again.
  void forget(const std::string& key);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string what_hash;
    std::optional<HttpResponse> response;
    std::list<std::string>::iterator age;
  };
  std::list<std::string> ages_;  ///< keys, oldest first
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace capmap
