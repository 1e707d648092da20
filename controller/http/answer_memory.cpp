#include "controller/http/answer_memory.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "controller/http/resources.hpp"

namespace capmap {
namespace {

/// Their answers depend on the view, the target, the form that is asked for, and what the asker may see; on nothing else.
constexpr std::array<std::string_view, 6> kOfView = {"/v1/map",  "/v1/sites",   "/v1/hardware", "/v1/imbalance/{name}",
                                                     "/v1/find", "/v1/bulletin"};

bool of_view(const Route& route) {
  return route.method == std::string_view("GET") && std::ranges::find(kOfView, route.path) != kOfView.end();
}

std::string key_of(const Call& call) {
  const auto& principal = call.asker->principal;
  std::string key = call.request.target;
  key += '\n';
  key += header(call.request, "accept").value_or("");
  key += '\n';
  key += to_word(principal.role);
  if (principal.scoped()) key += '\n' + scope_text(principal);
  return key;
}

std::optional<HttpResponse> not_modified_since(const Call& call, const HttpResponse& kept) {
  const auto etag = std::ranges::find(kept.headers, "ETag", [](const auto& pair) { return std::string_view(pair.first); });
  if (etag == kept.headers.end()) return std::nullopt;
  auto same = not_modified(call, etag->second);
  if (!same) return std::nullopt;
  for (const auto& pair : kept.headers) {
    if (pair.first == "Vary") same->headers.push_back(pair);
  }
  return same;
}

}  // namespace

Outcome AnswerMemory::answer(const Route& route, const Call& call, const std::function<Outcome()>& make) {
  if (!of_view(route)) return make();
  // The same object, not one that came to lie at its place.
  if (view_.owner_before(call.view) || call.view.owner_before(view_)) {
    forget_all();
    view_ = call.view;
  }
  auto key = key_of(call);
  const auto found = kept_.find(key);
  if (found != kept_.end() && call.now_boot_ms <= found->second.made_boot_ms + kMostAgeMs) {
    ++reused_;
    if (auto same = not_modified_since(call, found->second.response)) return *same;
    return found->second.response;
  }
  auto outcome = make();
  if (const auto* response = std::get_if<HttpResponse>(&outcome.what); response != nullptr && response->status == 200) {
    keep(std::move(key), *response, call.now_boot_ms);
  }
  return outcome;
}

void AnswerMemory::keep(std::string key, const HttpResponse& response, std::uint64_t now_boot_ms) {
  if (response.stream || response.body.size() > kMostBytes) return;
  if (const auto old = kept_.find(key); old != kept_.end()) {
    bytes_ -= old->second.response.body.size();
    kept_.erase(old);
  }
  if (kept_.size() >= kMostAnswers || bytes_ + response.body.size() > kMostBytes) forget_all();
  bytes_ += response.body.size();
  kept_.emplace(std::move(key), Kept{.response = response, .made_boot_ms = now_boot_ms});
}

void AnswerMemory::forget_all() {
  kept_.clear();
  bytes_ = 0;
}

}  // namespace capmap
