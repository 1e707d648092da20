#include "controller/http/idempotency.hpp"

#include "common/join_token.hpp"
#include "controller/http/problem.hpp"

namespace capmap {

std::optional<HttpResponse> IdempotencyMemory::begin(const std::string& key, const std::string& what) {
  const std::string hash = secret_hash(what);
  if (const auto found = entries_.find(key); found != entries_.end()) {
    const Entry& entry = found->second;
    if (entry.what_hash != hash) {
      return problem_response(
          {.status = 409, .word = "idempotency-key-reused", .detail = "this Idempotency-Key came with another request before"});
    }
    if (!entry.response) {
      return problem_response({.status = 409,
                               .word = "idempotency-key-busy",
                               .detail = "the first request with this Idempotency-Key is still being worked on"});
    }
    HttpResponse again = *entry.response;
    again.headers.emplace_back("Idempotency-Replayed", "true");
    return again;
  }
  if (entries_.size() == kMaxKeys) {
    entries_.erase(ages_.front());
    ages_.pop_front();
  }
  ages_.push_back(key);
  entries_[key] = {.what_hash = hash, .response = std::nullopt, .age = std::prev(ages_.end())};
  return std::nullopt;
}

void IdempotencyMemory::keep(const std::string& key, const HttpResponse& response) {
  if (const auto found = entries_.find(key); found != entries_.end()) found->second.response = response;
}

void IdempotencyMemory::forget(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  ages_.erase(found->second.age);
  entries_.erase(found);
}

}  // namespace capmap
