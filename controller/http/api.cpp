#include "controller/http/api.hpp"

#include <algorithm>

#include "controller/http/problem.hpp"
#include "controller/http/route_access.hpp"
#include "controller/http/scope_filter.hpp"

namespace capmap {
namespace {

/// "HEAD" is answered as "GET"; its body is left out when it is sent.
bool serves(const Route& route, const std::string& method) {
  return route.method == method || (method == "HEAD" && route.method == std::string_view("GET"));
}

struct Found {
  const Route* route = nullptr;
  std::string path_value;
  std::vector<std::string> allowed;  ///< methods of the path, when the route is null: empty = no such path
};

Found find_route(const std::string& method, const Target& target) {
  Found found;
  for (const auto& route : routes()) {
    std::string value;
    if (!path_fits(route.path, target.segments, value)) continue;
    if (serves(route, method)) return {.route = &route, .path_value = std::move(value), .allowed = {}};
    found.allowed.emplace_back(route.method);
    if (route.method == std::string_view("GET")) found.allowed.emplace_back("HEAD");
  }
  return found;
}

HttpResponse no_route(const std::string& method, const std::vector<std::string>& allowed) {
  if (allowed.empty()) {
    std::vector<std::string> known;
    for (const auto& route : routes()) {
      if (known.empty() || known.back() != route.path) known.emplace_back(route.path);
    }
    return problem_response(
        {.status = 404, .word = "no-such-path", .detail = "nothing is served under this path", .known = std::move(known)});
  }
  std::string list;
  for (const auto& word : allowed) list += (list.empty() ? "" : ", ") + word;
  auto response =
      problem_response({.status = 405, .word = "method-not-allowed", .detail = method + " is not served here", .allowed = allowed});
  response.headers.emplace_back("Allow", list);
  return response;
}

/// A misspelt parameter must not pass for an answer to the question that was meant.
std::optional<HttpResponse> refuse_parameters(const Route& route, const Target& target) {
  for (std::size_t i = 0; i < target.query.size(); ++i) {
    const auto& name = target.query[i].first;
    if (std::find(route.parameters.begin(), route.parameters.end(), name) == route.parameters.end()) {
      return problem_response({.status = 400,
                               .word = "unknown-parameter",
                               .detail = "no query parameter is called \"" + name + "\" here",
                               .known = route.parameters});
    }
    const auto same = [&name](const auto& other) { return other.first == name; };
    if (std::any_of(target.query.begin(), target.query.begin() + static_cast<std::ptrdiff_t>(i), same)) {
      return problem_response(
          {.status = 400, .word = "doubled-parameter", .detail = "query parameter \"" + name + "\" stands there twice"});
    }
  }
  return std::nullopt;
}

std::optional<HttpResponse> refuse_media_type(const HttpRequest& request) {
  auto type = std::string(header(request, "content-type").value_or(""));
  type.resize(std::min(type.find(';'), type.size()));
  type.erase(type.find_last_not_of(' ') + 1);
  std::transform(type.begin(), type.end(), type.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (type == "application/json") return std::nullopt;
  return problem_response({.status = 415,
                           .word = "not-json",
                           .detail = "the body must come as Content-Type: application/json",
                           .allowed = {"application/json"}});
}

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= IdempotencyMemory::kMaxKeyBytes &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

GateOptions gate_options(const HttpOptions& options) {
  GateOptions gate = options.gate;
  gate.admin_token_hash = options.admin_token_hash;
  return gate;
}

bool has(const HttpResponse& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(), [name](const auto& pair) { return pair.first == name; });
}

bool serves_reads(const Route& route) {
  return route.method == std::string_view("GET");
}

/// Changes that a resource asks for are asked in the name of who asked it, and told when they are beyond their scope.
Outcome in_name_of(const std::shared_ptr<const Asker>& asker, Outcome outcome) {
  auto* ask = std::get_if<Ask>(&outcome.what);
  if (ask == nullptr) return outcome;
  if (auto* request = std::get_if<AdminRequest>(&ask->question); request != nullptr && !request->asker) request->asker = asker;
  return Ask{.question = std::move(ask->question),
             .then = [asker, then = std::move(ask->then)](const Answer& answer) -> Outcome {
               if (const auto* admin = std::get_if<AdminAnswer>(&answer)) {
                 if (const auto* beyond = std::get_if<OutOfScope>(&admin->what)) {
                   return problem_response({.status = 403, .word = "out-of-scope", .detail = beyond->what});
                 }
               }
               return in_name_of(asker, then(answer));
             },
             .limit_ms = ask->limit_ms};
}

}  // namespace

Api::Api(const HttpOptions& options, const HttpSources& sources, std::function<Metrics()> server_metrics)
    : options_(options),
      sources_(sources),
      gate_(gate_options(options), sources.access, sources.clock),
      watchers_(gate_, sources.clock),
      server_metrics_(std::move(server_metrics)),
      metrics_([this] { return all_metrics(); }) {}

Handled Api::handle(const HttpRequest& request) {
  const auto handled = [&](Outcome outcome, std::string route, std::shared_ptr<const Asker> asker) {
    HttpRequest head;
    head.method = request.method;
    head.target = request.target;
    return Handled{std::move(outcome), std::move(route),
                   std::make_shared<const RequestNote>(RequestNote{std::move(asker), std::move(head)})};
  };
  if (auto refused = gate_.refuse_place(request)) return handled(*refused, "none", gate_.stranger(request));
  const auto target = parse_target(request.target);
  if (!target) return handled(error_response(target.error()), "none", gate_.stranger(request));
  const auto found = find_route(request.method, *target);
  if (found.route == nullptr) return handled(no_route(request.method, found.allowed), "none", gate_.stranger(request));
  const Route& route = *found.route;
  // What is too long was not read, so nobody is asked who they are, but where it may be long for some.
  const bool unasked = request.body_too_large && route.most_body_bytes <= kMaxBodyBytes;
  auto refused = unasked ? std::nullopt : refuse_parameters(route, *target);
  auto seen = unasked || refused ? Gate::Seen{.asker = gate_.stranger(request)} : look(route, request);
  if (!refused) refused = std::move(seen.refused);
  if (refused) return handled(std::move(*refused), route.path, seen.asker);
  return handled(dispatch(route, request, *target, found.path_value, seen.asker), route.path, seen.asker);
}

/// Who asks, and whether they may have this.
Gate::Seen Api::look(const Route& route, const HttpRequest& request) {
  const auto access = access_of(route);
  if (access.open) return {.asker = gate_.stranger(request)};
  auto seen = gate_.look(request);
  if (seen.refused) return seen;
  const auto& principal = seen.asker->principal;
  seen.refused = gate_.refuse_role(principal, access.least, route.changes);
  if (!seen.refused && principal.scoped() && !access.partial) seen.refused = out_of_scope("this is about all sites, and that", principal);
  return seen;
}

std::size_t Api::most_body_bytes(const HttpRequest& head) {
  const auto target = parse_target(head.target);
  const auto found = target ? find_route(head.method, *target) : Found{};
  if (found.route == nullptr || found.route->most_body_bytes <= kMaxBodyBytes) return kMaxBodyBytes;
  const auto seen = look(*found.route, head);
  const bool may = !seen.refused && seen.asker->principal.may(access_of(*found.route).long_body);
  return may ? found.route->most_body_bytes : kMaxBodyBytes;
}

Outcome Api::dispatch(const Route& route, const HttpRequest& request, const Target& target, std::string path_value,
                      const std::shared_ptr<const Asker>& asker) {
  if (request.body_too_large) {
    return problem_response({.status = 413,
                             .word = "body-too-large",
                             .detail = "a body may have at most " + std::to_string(most_body_bytes(request)) + " bytes here"});
  }
  if (!serves_reads(route)) {
    const bool no_body = request.method == "DELETE" && request.body.empty();
    if (auto refused = no_body ? std::nullopt : refuse_media_type(request)) return *refused;
  }
  const auto health = sources_.store == nullptr ? nullptr : sources_.store->take();
  const Call call{.request = request,
                  .target = target,
                  .path_value = std::move(path_value),
                  .view = sources_.view.take(),
                  .now_boot_ms = sources_.clock.boot_ms(),
                  .now_unix_ms = sources_.clock.unix_ms(),
                  .version = options_.version,
                  .metrics = metrics_,
                  .scans = scans_,
                  .controller_id = options_.controller_id,
                  .by_admin = asker->principal.role == Role::kAdmin,
                  .store_problem = health ? health->problem : std::string(),
                  .asker = asker,
                  .gate = gate_,
                  .watchers = watchers_};
  if (route.needs_view && !call.view) {
    return problem_response({.status = 503, .word = "no-view", .detail = "the map is not there yet: ask again in a second"});
  }
  if (!route.changes) return answers_.answer(route, call, [&] { return in_name_of(asker, route.handler(call)); });
  return once(request, asker->principal, [&] { return in_name_of(asker, route.handler(call)); });
}

/// Carries out a change, at most once under its Idempotency-Key.
Outcome Api::once(const HttpRequest& request, const Principal& principal, const std::function<Outcome()>& carry_out) {
  const auto given = header(request, "idempotency-key");
  if (!given) return carry_out();
  if (!is_key(*given)) {
    return problem_response(
        {.status = 400, .word = "bad-idempotency-key", .detail = "Idempotency-Key: must be 1 to 200 printable characters without spaces"});
  }
  // Somebody else's key of the same words is another.
  const std::string key = std::string(*given) + "\n" + principal.name + "\n" + principal.token_id;
  if (auto before = memory_.begin(key, request.method + " " + request.target + "\n" + request.body)) return *before;
  return remember(key, carry_out());
}

Outcome Api::remember(const std::string& key, Outcome outcome) {
  if (auto* ask = std::get_if<Ask>(&outcome.what)) {
    const auto limit_ms = ask->limit_ms;
    return Ask{.question = std::move(ask->question),
               .then = [this, key, then = std::move(ask->then)](const Answer& answer) -> Outcome {
                 const auto* error = std::get_if<Error>(&answer);
                 // Asked, but not yet answered: whether it was done is not known until the late answer comes.
                 if (error != nullptr && error->code == ErrorCode::kTimeout) return then(answer);
                 return remember(key, then(answer));
               },
               .limit_ms = limit_ms};
  }
  const auto& response = std::get<HttpResponse>(outcome.what);
  if (response.status < 300) {
    memory_.keep(key, response);
  } else {
    memory_.forget(key);
  }
  return outcome;
}

HttpResponse Api::finish(const std::string& route, HttpResponse response, const RequestNote* note) {
  ++answered_[{route, response.status}];
  const auto* const asker = note == nullptr ? nullptr : note->asker.get();
  const bool known = asker != nullptr && asker->principal.via != Via::kNobody;
  const bool refused = response.status == 401 || response.status == 403 || response.status == 421 || response.status == 429;
  if (refused && asker != nullptr) gate_.note_refused(*asker, note->head, response);
  if (!has(response, "Cache-Control")) response.headers.emplace_back("Cache-Control", known ? "no-store" : "no-cache");
  if (known && asker->principal.scoped()) response.headers.emplace_back("X-Capmap-Scope", scope_text(asker->principal));
  if (!has(response, "Content-Security-Policy")) {
    response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  if (!response.content_type.empty()) response.headers.emplace_back("Content-Type", response.content_type);
  return response;
}

Metrics Api::all_metrics() const {
  Metrics all;
  const auto add = [&all](const Metrics& more) { all.insert(all.end(), more.begin(), more.end()); };
  for (const auto* source : sources_.metrics) {
    if (const auto taken = source->take()) add(*taken);
  }
  add(server_metrics_());
  add(watchers_.metrics());
  all.push_back({"capmap_http_answers_reused_total",
                 "Answers about the map that another request had made of the same view.",
                 Metric::Kind::kCounter,
                 {},
                 static_cast<double>(answers_.reused())});
  if (const auto tls = sources_.tls == nullptr ? nullptr : sources_.tls->take()) {
    all.push_back({"capmap_tls_expires_timestamp_seconds",
                   "When the certificate that connections are shown ends, seconds since 1970.",
                   Metric::Kind::kGauge,
                   {},
                   static_cast<double>(tls->expires_unix_s())});
  }
  for (const auto& [key, count] : answered_) {
    all.push_back({"capmap_http_requests_total",
                   "HTTP requests answered, refused ones too, by route and status.",
                   Metric::Kind::kCounter,
                   {{"route", key.first}, {"code", std::to_string(key.second)}},
                   static_cast<double>(count)});
  }
  return all;
}

}  // namespace capmap
