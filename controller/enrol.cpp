#include "controller/enrol.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "common/codec.hpp"
#include "common/join_token.hpp"
#include "common/log.hpp"
#include "controller/pipes.hpp"
#include "controller/requests.hpp"
#include "controller/zap.hpp"

namespace capmap {
namespace {

constexpr std::size_t kJoinsPerTurn = 64;
constexpr std::size_t kRequestsPerTurn = 16;
constexpr std::uint64_t kMetricsEveryMs = 1'000;
constexpr std::uint32_t kMaxTokenUses = 1'000'000;

struct Pipes {
  zmq::socket_t router, admin, map, keys, http;
};

class Enrol {
 public:
  Enrol(Pipes pipes, const EnrolOptions& options, std::uint16_t enrol_port, std::unique_ptr<Store> store, const Clock& clock,
        Published<Metrics>& metrics)
      : pipes_(std::move(pipes)), options_(options), enrol_port_(enrol_port), store_(std::move(store)), clock_(clock), metrics_(metrics) {
    for (const auto& node : store_->state().nodes) by_key_[node.public_key] = node;
  }

  Result<Done> run();

 private:
  /// False on stop.
  bool take_requests();
  void take_joins();
  Joined decide(const std::string& key, const Join& join);
  Result<KnownNode> admit(const std::string& key, const Join& join, const TokenRecord& token);
  void refuse_bytes(const Routed& routed, const std::string& what);
  std::variant<Error, Site, CreatedToken> carry_out(const AddSite& request);
  std::variant<Error, Site, CreatedToken> carry_out(const CreateToken& request);
  [[nodiscard]] const Site* find_site(const std::string& name_or_id) const;
  [[nodiscard]] std::string site_name(const SiteId& id) const;
  void publish_metrics();

  Pipes pipes_;
  EnrolOptions options_;
  std::uint16_t enrol_port_;
  std::unique_ptr<Store> store_;
  const Clock& clock_;
  Published<Metrics>& metrics_;
  std::unordered_map<std::string, KnownNode> by_key_;
  std::map<std::string, std::uint64_t> joins_;
  std::uint64_t metrics_at_ms_ = 0;
  RateLimit complaints_{20};
};

Result<Done> Enrol::run() {
  for (;;) {
    std::array items = {Waitable{.socket = &pipes_.router}, Waitable{.socket = &pipes_.admin}};
    wait_any(items, static_cast<int>(kMetricsEveryMs));
    if (items[1].ready && !take_requests()) return Done{};
    if (items[0].ready) take_joins();
    publish_metrics();
  }
}

void Enrol::take_joins() {
  for (std::size_t i = 0; i < kJoinsPerTurn; ++i) {
    auto routed = receive_routed(pipes_.router);
    if (!routed) return;
    if (routed->extra_frames) {
      refuse_bytes(*routed, "more frames than one");
      continue;
    }
    const auto join = decode_join({static_cast<const std::byte*>(routed->payload.data()), routed->payload.size()});
    if (!join) {
      refuse_bytes(*routed, join.error().what);
      continue;
    }
    const Joined answer = decide(routed->user_id, *join);
    const Bytes bytes = encode(answer);
    // A peer that is gone asks again and gets the same answer.
    static_cast<void>(send_routed(pipes_.router, {static_cast<const std::byte*>(routed->route.data()), routed->route.size()}, bytes));
  }
}

void Enrol::refuse_bytes(const Routed& routed, const std::string& what) {
  ++joins_["malformed"];
  complaints_.warn(clock_.boot_ms(), "join_malformed", {{"key", routed.user_id}, {"what", what}});
}

Joined Enrol::decide(const std::string& key, const Join& join) {
  const auto refuse = [this, &join](const char* reason, std::string text) {
    ++joins_[reason];
    complaints_.warn(clock_.boot_ms(), "join_refused", {{"reason", reason}, {"hostname", join.hostname}});
    return Joined{.accepted = false, .reason = std::move(text), .node_id = {}, .site_name = {}, .port = 0};
  };
  if (key.empty() || key != join.public_key) return refuse("wrong_key", "the public key in the request is not the key of this connection");
  const auto& tokens = store_->state().tokens;
  const std::string hash = secret_hash(join.token_secret);
  const auto token = std::find_if(tokens.begin(), tokens.end(), [&hash](const TokenRecord& t) { return t.secret_hash == hash; });
  if (token == tokens.end()) return refuse("unknown_token", "this controller does not know the token");
  if (token->expires_unix_ms <= clock_.unix_ms()) return refuse("expired_token", "the token has expired: ask for a new one");

  auto known = by_key_.find(key);
  if (known == by_key_.end()) {
    if (token->uses_left == 0) return refuse("used_token", "the token has no uses left: ask for a new one");
    auto node = admit(key, join, *token);
    if (!node) return refuse("not_stored", "the controller could not keep it, try again later: " + node.error().what);
    known = by_key_.emplace(key, *node).first;
  }
  ++joins_["accepted"];
  log_info("joined", {{"node", to_text(known->second.id)}, {"hostname", join.hostname}, {"site", site_name(known->second.site)}});
  return Joined{.accepted = true,
                .reason = {},
                .node_id = known->second.id,
                .site_name = site_name(known->second.site),
                .port = options_.message_port};
}

Result<KnownNode> Enrol::admit(const std::string& key, const Join& join, const TokenRecord& token) {
  const KnownNode node{
      .id = random_id<NodeId>(), .public_key = key, .site = token.site, .hostname = join.hostname, .joined_unix_ms = clock_.unix_ms()};
  TokenRecord after = token;
  --after.uses_left;
  if (auto put = store_->put_node(node, after); !put) {
    log_error("store_failed", {{"doing", "join"}, {"what", put.error().what}});
    return put.error();
  }
  // On disk: now zap may let the key in and the map may count it.
  if (auto sent = send_object(pipes_.keys, std::make_unique<KeyUpdate>(KeyUpdate{.public_key = key, .node = node.id})); !sent)
    return sent.error();
  if (auto sent = send_object(pipes_.map, std::make_unique<MapInput>(NodeAdmitted{node})); !sent) return sent.error();
  return node;
}

bool Enrol::take_requests() {
  for (std::size_t i = 0; i < kRequestsPerTurn; ++i) {
    auto request = receive_object<AdminRequest>(pipes_.admin, 0);
    if (!request) return true;
    if (!*request) return false;
    AdminAnswer answer{.ticket = (*request)->ticket,
                       .what = std::visit([this](const auto& what) { return carry_out(what); }, (*request)->what)};
    static_cast<void>(send_object(pipes_.http, std::make_unique<HttpInput>(std::move(answer)), false));
  }
  return true;
}

const Site* Enrol::find_site(const std::string& name_or_id) const {
  for (const auto& site : store_->state().sites) {
    if (site.name == name_or_id || to_text(site.id) == name_or_id) return &site;
  }
  return nullptr;
}

std::string Enrol::site_name(const SiteId& id) const {
  for (const auto& site : store_->state().sites) {
    if (site.id == id) return site.name;
  }
  return to_text(id);
}

std::variant<Error, Site, CreatedToken> Enrol::carry_out(const AddSite& request) {
  Site site = request.site;
  if (auto valid = validate_site(site); !valid) return valid.error();
  if (find_site(site.name) != nullptr) return Error{ErrorCode::kDenied, "name: a site \"" + site.name + "\" is already there"};
  site.id = random_id<SiteId>();
  if (auto put = store_->put_site(site); !put) {
    log_error("store_failed", {{"doing", "site"}, {"what", put.error().what}});
    return put.error();
  }
  if (auto sent = send_object(pipes_.map, std::make_unique<MapInput>(SiteChanged{site})); !sent) return sent.error();
  log_info("site_added", {{"id", to_text(site.id)}, {"name", site.name}});
  return site;
}

std::variant<Error, Site, CreatedToken> Enrol::carry_out(const CreateToken& request) {
  const Site* site = find_site(request.site);
  if (site == nullptr) return Error{ErrorCode::kAbsent, "site: no site is called \"" + request.site + "\"; see capmapctl sites list"};
  if (request.uses == 0 || request.uses > kMaxTokenUses) return Error{ErrorCode::kMalformed, "uses: must be 1 to 1000000"};
  if (request.expires_unix_ms <= clock_.unix_ms()) return Error{ErrorCode::kMalformed, "expires: lies in the past"};
  const JoinToken token{.host = options_.advertise_host,
                        .enrol_port = enrol_port_,
                        .message_port = options_.message_port,
                        .server_public_key = options_.keys.public_key,
                        .secret = random_secret()};
  const CreatedToken created{
      .text = to_text(token), .site_name = site->name, .uses = request.uses, .expires_unix_ms = request.expires_unix_ms};
  const TokenRecord record{
      .secret_hash = secret_hash(token.secret), .site = site->id, .uses_left = request.uses, .expires_unix_ms = request.expires_unix_ms};
  if (auto put = store_->put_token(record); !put) {
    log_error("store_failed", {{"doing", "token"}, {"what", put.error().what}});
    return put.error();
  }
  log_info("token_created", {{"site", created.site_name}, {"uses", created.uses}});
  return created;
}

void Enrol::publish_metrics() {
  const auto now_ms = clock_.boot_ms();
  if (now_ms < metrics_at_ms_ + kMetricsEveryMs) return;
  metrics_at_ms_ = now_ms;
  Metrics out;
  for (const char* answer : {"accepted", "malformed", "wrong_key", "unknown_token", "expired_token", "used_token", "not_stored"}) {
    out.push_back({"capmap_enrol_joins_total",
                   "Requests to join, by answer.",
                   Metric::Kind::kCounter,
                   {{"answer", answer}},
                   static_cast<double>(joins_[answer])});
  }
  out.push_back({"capmap_store_failed_puts_total",
                 "Changes the store could not keep.",
                 Metric::Kind::kCounter,
                 {},
                 static_cast<double>(store_->failed_puts())});
  metrics_.publish(std::make_shared<const Metrics>(std::move(out)));
}

Result<Pipes> open_pipes(zmq::context_t& context, zmq::context_t& strangers, const EnrolOptions& options) {
  auto router = open_router(strangers, {.endpoint = options.endpoint, .keys = options.keys, .zap_domain = "enrol"});
  if (!router) return router.error();
  auto admin = open_pull(context, kAdminPipe);
  if (!admin) return admin.error();
  auto map = open_push(context, kMapPipe);
  if (!map) return map.error();
  auto keys = open_push(context, kKeysPipe);
  if (!keys) return keys.error();
  auto http = open_push(context, kHttpPipe);
  if (!http) return http.error();
  return Pipes{std::move(*router), std::move(*admin), std::move(*map), std::move(*keys), std::move(*http)};
}

}  // namespace

Result<Done> run_enrol(zmq::context_t& context, zmq::context_t& strangers, const EnrolOptions& options, std::unique_ptr<Store> store,
                       const Clock& clock, std::promise<Result<std::string>>& ready, Published<Metrics>& metrics) {
  auto pipes = open_pipes(context, strangers, options);
  if (!pipes) {
    ready.set_value(pipes.error());
    return pipes.error();
  }
  const std::string endpoint = bound_endpoint(pipes->router);
  ready.set_value(endpoint);
  return Enrol(std::move(*pipes), options, port_of(endpoint), std::move(store), clock, metrics).run();
}

}  // namespace capmap
