#include "controller/http/watchers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/problem.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kRetryMs = 3'000;

/// Whose watchers are counted together: a token's, a user's, or those of strangers from one address.
std::string key_of(const Principal& principal, const std::string& address) {
  return principal.via == Via::kNobody ? "@" + address : principal.name + "\n" + principal.token_id;
}

std::string key_of(const WatchedPart& part) {
  std::string key = (part.site ? to_text(*part.site) : std::string()) + "/" + part.region;
  for (const auto& scope : part.scopes) key += "/" + to_text(scope);
  return key;
}

}  // namespace

Watchers::Watchers(const Gate& gate, const Clock& clock) : gate_(gate), clock_(clock), ring_(random_u64()) {}

HttpResponse Watchers::open(WatchQuestion question, Standing standing, const std::string& address,
                            const std::shared_ptr<const MapView>& view, From from) {
  if (stopping_) return problem_response({.status = 503, .word = "unavailable", .detail = "the controller is stopping"});
  const auto asker = key_of(standing.principal, address);
  const auto found = by_asker_.find(asker);
  const auto own = found == by_asker_.end() ? 0 : found->second;
  if (watchers_.size() >= kMostStreams || own >= kMostStreams - kLeftForOthers) {
    ++refused_;
    auto response = problem_response(
        {.status = 503,
         .word = "too-many-watchers",
         .detail = std::to_string(watchers_.size()) + " watch already, " + std::to_string(own) +
                   " of them with this credential or from this address, and there is no room for more: close some of them, or ask GET "
                   "/v1/changes from time to time"});
    response.headers.emplace_back("Retry-After", "30");
    return response;
  }
  look(view);
  auto channel = channel_of(question.part);
  if (question.kinds[static_cast<std::size_t>(EventKind::kMapTotals)]) {
    sum_sites(view);
    const auto tick = channel->tick();
    if (!channel->knows(totals_)) channel->take(totals_);
    if (tick != 0 && tick != channel->tick()) wake_all();  // of those who watch the same
  }
  if (from.oldest) from.last = ring_.id_of(ring_.newest() - ring_.size());
  const auto& last = from.last;
  const bool resumed = last && last->epoch == ring_.id_of(0).epoch && ring_.reaches(last->number);
  const auto told = resumed ? last->number : ring_.newest();
  if (last && !resumed) ++resyncs_;
  auto head = head_frame(question, *channel, *view, last, resumed);
  HttpResponse response{.status = 200, .content_type = "text/event-stream", .body = {}, .headers = {}};
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Accel-Buffering", "no");  // a proxy must not keep what is told now until later
  response.stream = std::make_shared<Watcher>(*this, Watcher::Begin{.channel = std::move(channel),
                                                                    .kinds = question.kinds,
                                                                    .standing = std::move(standing),
                                                                    .asker = asker,
                                                                    .head = std::move(head),
                                                                    .told = told,
                                                                    .follow = from.follow});
  return response;
}

/// How it begins: how long to wait before coming again, whether something was missed, and what is now.
std::string Watchers::head_frame(const WatchQuestion& question, const WatchChannel& channel, const MapView& view,
                                 const std::optional<EventId>& last, bool resumed) const {
  std::string head = "retry: " + std::to_string(kRetryMs) + "\n\n";
  if (last && !resumed) {
    head +=
        resync_frame(last->epoch == ring_.id_of(0).epoch ? "more has happened since than is kept" : "the controller was restarted since");
  }
  Json json = {{"kind", "snapshot"}, {"at", rfc3339_ms(view.at_unix_ms)}, {"revision", view.revision}};
  json["since"] = hex_text(view.epoch) + "-" + std::to_string(view.revision);
  json["resumed"] = resumed;
  if (!question.part.scopes.empty()) json["scope"] = scope_text(Principal{.scopes = question.part.scopes});
  if (question.kinds[static_cast<std::size_t>(EventKind::kMapTotals)]) json["totals"] = totals_json(channel.totals(), nullptr);
  return head + event_frame(to_text(resumed ? *last : ring_.id_of(ring_.newest())), "snapshot", json_text(json));
}

std::string Watchers::resync_frame(const std::string& why) const {
  const Json json = {{"kind", "resync"}, {"why", why}, {"read", Json::array({"/v1/map", "/v1/nodes", "/v1/sites"})}};
  return event_frame(to_text(ring_.id_of(ring_.newest())), "resync", json_text(json));
}

std::shared_ptr<WatchChannel> Watchers::channel_of(const WatchedPart& part) {
  auto& kept = channels_[key_of(part)];
  auto channel = kept.lock();
  if (!channel) {
    channel = std::make_shared<WatchChannel>(part);
    kept = channel;
  }
  return channel;
}

void Watchers::add(std::uint64_t number, Watcher& watcher) {
  watchers_[number] = &watcher;
  ++by_asker_[watcher.asker()];
  ++opened_;
  if (watcher.wants_totals()) ++totals_wanted_;
}

void Watchers::remove(std::uint64_t number, Watcher& watcher) {
  watchers_.erase(number);
  if (watcher.wants_totals()) --totals_wanted_;
  if (const auto found = by_asker_.find(watcher.asker()); found != by_asker_.end() && --found->second == 0) by_asker_.erase(found);
}

void Watchers::look(const std::shared_ptr<const MapView>& view) {
  if (!view || view == view_) return;
  view_ = view;
  auto found = watch_.look(*view);
  for (auto& event : found.events) ring_.add(std::move(event));
  if (found.gap) {
    ++gaps_;
    ring_.break_off();
  }
  if (found.gap || !found.events.empty()) wake_all();
}

void Watchers::take(const Alert& alert) {
  const auto kind = alert.firing ? EventKind::kAlertFiring : EventKind::kAlertResolved;
  LiveEvent event{.kind = kind};
  if (view_) event.to = event_place(*view_, alert.site);
  Json json = event_json(to_word(kind), alert.at_unix_ms, event.to);
  json["alert"] = kAlertWords[static_cast<std::size_t>(alert.kind)];
  json["key"] = alert.key;
  json["subject"] = text_or_null(alert.subject);
  json["text"] = alert.text;
  event.whole = json_text(json);
  ring_.add(std::move(event));
  wake_all();
}

std::vector<std::uint64_t> Watchers::end_all(const std::string& why) {
  stopping_ = true;
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, watcher] : watchers_) {
    watcher->end(why);
    numbers.push_back(number);
  }
  return numbers;
}

Metrics Watchers::metrics() const {
  Metrics out;
  const auto add_one = [&out](const char* name, const char* help, Metric::Kind kind, std::uint64_t value) {
    out.push_back({name, help, kind, {}, static_cast<double>(value)});
  };
  using enum Metric::Kind;
  add_one("capmap_http_watchers", "Connections that watch /v1/events.", kGauge, watchers_.size());
  add_one("capmap_http_watchers_admitted_total", "Watchers that were let in.", kCounter, opened_);
  add_one("capmap_http_watchers_refused_total", "Watchers refused because there were too many.", kCounter, refused_);
  add_one("capmap_http_watchers_turned_out_total", "Watchers ended because their token, session or rights were gone.", kCounter,
          turned_out_);
  add_one("capmap_http_watcher_resyncs_total", "Times that a watcher was told to read anew.", kCounter, resyncs_);
  add_one("capmap_http_events_total", "Events that watchers could be told.", kCounter, ring_.newest());
  add_one("capmap_http_event_gaps_total", "Times that more happened at once than could be told.", kCounter, gaps_);
  add_one("capmap_http_events_kept_bytes", "Text of the events that are kept for who is slow or was away.", kGauge, ring_.bytes());
  return out;
}

}  // namespace capmap
