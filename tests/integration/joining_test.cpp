// Who is let in, decided over a real store: networks, approvals, rules, revoked keys.
#include <catch2/catch.hpp>

#include "common/join_token.hpp"
#include "common/transport.hpp"
#include "controller/admission_joining.hpp"
#include "controller/store/revocations.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

constexpr std::uint64_t kNow = 1'790'000'000'000, kHour = 3'600'000, kDay = 24 * kHour;

/// A store with one site, and the decisions about it; each is a change of its own.
struct Door {
  TemporaryFolder folder;
  std::unique_ptr<Store> store;
  Site site = some_site("here");
  TokenMaking making{.advertise_host = "127.0.0.1,::1",
                     .enrol_port = 8472,
                     .message_port = 8471,
                     .server_public_key = make_curve_keys().public_key,
                     .revocations = revocations_path(folder.path())};
  std::uint64_t now = kNow;

  Door() {
    auto opened = open_store(folder.path(), NoStore::kCreate);
    REQUIRE(opened);
    store = std::move(*opened);
    REQUIRE(store->put_site(site));
  }
  template <class Request>
  AdminChange ask(const Request& request) {
    REQUIRE(store->begin());
    auto change = carry_out(*store, request, making, now);
    INFO((change ? std::string() : change.error().what));
    REQUIRE(change);
    REQUIRE(store->commit());
    return std::move(*change);
  }
  template <class Told, class Request>
  Told told(const Request& request) {
    auto change = ask(JoiningRequest{request});
    if (const auto* error = std::get_if<Error>(&change)) FAIL(error->what);
    return std::get<Told>(std::get<JoiningDone>(change).what);
  }
  template <class Request>
  Error refusal(const Request& request) {
    const auto change = ask(JoiningRequest{request});
    REQUIRE(std::holds_alternative<Error>(change));
    return std::get<Error>(change);
  }
  JoinToken token(CreateToken request) {
    if (request.expires_unix_ms == 0) request.expires_unix_ms = now + kDay;
    const auto made = ask(request);
    if (const auto* error = std::get_if<Error>(&made)) FAIL(error->what);
    return *parse_join_token(std::get<CreatedToken>(made).text);
  }
  JoinDecision join(const std::string& key, const std::string& secret, const std::string& address = "10.0.0.7") {
    const JoinRequest request{
        .route = {}, .key = key, .join = {.token_secret = secret, .hostname = "host", .public_key = key}, .address = address};
    REQUIRE(store->begin());
    auto decision = decide_join(*store, request, making, now);
    REQUIRE(decision);
    REQUIRE(store->commit());
    return std::move(*decision);
  }
  std::string answer(const std::string& key, const std::string& secret, const std::string& address = "10.0.0.7") {
    return join(key, secret, address).answer;
  }
};

std::string new_key() {
  return make_curve_keys().public_key;
}

}  // namespace

TEST_CASE("joining: a token works from its networks alone, and a refusal from elsewhere uses nothing up") {
  Door door;
  const auto token = door.token({.site = "here", .uses = 2, .from = *parse_address_ranges("10.0.0.0/8,2001:db8::/32")});
  CHECK(hosts_of(token.host) == std::vector<std::string>{"127.0.0.1", "::1"});
  const auto elsewhere = door.join(new_key(), token.secret, "192.0.2.1");
  CHECK(std::string(elsewhere.answer) == "wrong_network");
  CHECK(elsewhere.joined.reason.find("does not work from 192.0.2.1: it is for 10.0.0.0/8,2001:db8::/32") != std::string::npos);
  CHECK(door.answer(new_key(), token.secret, "") == "wrong_network");
  CHECK(door.answer(new_key(), token.secret, "10.255.0.1") == "accepted");
  CHECK(door.answer(new_key(), token.secret, "2001:db8::9") == "accepted");
  CHECK(door.answer(new_key(), token.secret, "10.255.0.1") == "used_token");
}

TEST_CASE("joining: a token puts servers into its pool, has a name that is its alone, and is listed and revoked by it") {
  Door door;
  AddPool pool;
  pool.site = "here";
  pool.pool.name = "gpu";
  REQUIRE(std::holds_alternative<Pool>(door.ask(pool)));
  const auto token = door.token({.site = "here", .uses = 3, .name = "rollout", .pool = "gpu"});
  const auto joined = door.join(new_key(), token.secret);
  REQUIRE(joined.let_in);
  CHECK(joined.let_in->pool == (*door.store->pools())[0].id);
  const auto same_name = door.ask(CreateToken{.site = "here", .expires_unix_ms = door.now + 1, .name = "rollout"});
  CHECK(std::get<Error>(same_name).code == ErrorCode::kDenied);
  const auto no_pool = door.ask(CreateToken{.site = "here", .expires_unix_ms = door.now + 1, .pool = "cpu"});
  CHECK(std::get<Error>(no_pool).what.starts_with("pool: "));
  const auto list = door.told<TokenList>(ListTokens{});
  REQUIRE(list.tokens.size() == 1);
  CHECK(list.tokens[0].record.uses == 3);
  CHECK(list.tokens[0].record.uses_left == 2);
  CHECK(list.tokens[0].pool == "gpu");
  CHECK(door.refusal(RevokeToken{"other"}).code == ErrorCode::kAbsent);
  CHECK(door.told<TokenRevoked>(RevokeToken{"rollout"}).token.record.revoked_unix_ms == door.now);
  CHECK(door.answer(new_key(), token.secret) == "revoked_token");
  door.token({.site = "here", .name = "rollout"});  // the name is free again
}

TEST_CASE("joining: a key that is known needs no good token, and is answered with its id") {
  Door door;
  const auto token = door.token({.site = "here", .uses = 1, .expires_unix_ms = kNow + kHour});
  const auto key = new_key();
  const auto id = door.join(key, token.secret).joined.node_id;
  door.now += kDay;
  CHECK(door.join(key, token.secret).joined.node_id == id);
  CHECK(door.join(key, random_secret()).joined.node_id == id);
  CHECK(door.join(key, "").joined.node_id == id);
  CHECK(door.answer(new_key(), "") == "unknown_token");
  CHECK(door.answer(new_key(), token.secret) == "expired_token");
}

TEST_CASE("joining: with a manual token a machine waits, is approved under the id it waited under, also after the token's end") {
  Door door;
  const auto token = door.token({.site = "here", .uses = 2, .expires_unix_ms = kNow + kHour, .name = "t", .by_hand = true});
  const auto key = new_key(), other = new_key();
  const auto waits = door.join(key, token.secret);
  CHECK(std::string(waits.answer) == "pending");
  CHECK(waits.joined.pending);
  CHECK(waits.joined.retry_after_s == kAskAgainPendingS);
  CHECK_FALSE(waits.let_in);
  CHECK(door.join(key, token.secret).joined.node_id == waits.joined.node_id);
  CHECK(door.answer(other, token.secret) == "pending");
  CHECK(door.answer(new_key(), token.secret) == "used_token");  // both uses wait
  auto list = door.told<PendingList>(ListPending{});
  REQUIRE(list.nodes.size() == 2);
  CHECK(list.nodes[0].node.address == "10.0.0.7");
  CHECK(list.nodes[0].token == "t");
  CHECK(list.nodes[0].site == "here");
  door.now += 2 * kHour;
  CHECK(door.answer(key, token.secret) == "pending");
  const auto decided = door.told<PendingDecided>(DecidePending{.id = waits.joined.node_id, .approve = true});
  REQUIRE(decided.admitted);
  CHECK(decided.admitted->id == waits.joined.node_id);
  CHECK(decided.admitted->public_key == key);
  const auto in = door.join(key, token.secret);
  CHECK(in.joined.accepted);
  CHECK(in.joined.node_id == waits.joined.node_id);
  CHECK_FALSE(in.let_in);  // zap and map know it since it was approved
  CHECK(door.refusal(DecidePending{.id = waits.joined.node_id, .approve = true}).code == ErrorCode::kAbsent);
  list = door.told<PendingList>(ListPending{});
  REQUIRE(list.nodes.size() == 1);
  CHECK_FALSE(door.told<PendingDecided>(DecidePending{.id = list.nodes[0].node.id, .approve = false}).admitted);
  const auto rejected = door.join(other, token.secret);
  CHECK(std::string(rejected.answer) == "rejected");
  CHECK(rejected.joined.retry_after_s == 0);
  door.now += kPendingLivesMs;
  CHECK(door.told<PendingList>(ListPending{}).nodes.empty());
  CHECK(door.answer(other, token.secret) == "expired_token");
  const auto fresh = door.token({.site = "here", .uses = 1, .by_hand = true});
  CHECK(door.answer(other, fresh.secret) == "pending");
}

TEST_CASE("joining: a rule approves who waits and who comes, from its range, into its site, until its end") {
  Door door;
  const auto there = some_site("there");
  REQUIRE(door.store->put_site(there));
  const auto token = door.token({.site = "here", .uses = 20, .expires_unix_ms = kNow + 60 * kDay, .by_hand = true});
  const auto waiting = new_key();
  CHECK(door.answer(waiting, token.secret, "10.1.0.1") == "pending");
  const auto range = *parse_address_range("10.1.0.0/16");
  CHECK(door.refusal(AddApprovalRule{.from = range, .until_unix_ms = kNow}).what.starts_with("until: "));
  CHECK(door.told<RuleAdded>(AddApprovalRule{.from = range, .site = "there", .until_unix_ms = kNow + kDay}).admitted.empty());
  CHECK(door.answer(new_key(), token.secret, "10.1.0.2") == "pending");
  const auto rule = door.told<RuleAdded>(AddApprovalRule{.from = range, .site = "here", .until_unix_ms = kNow + kDay});
  CHECK(rule.admitted.size() == 2);
  CHECK(door.answer(waiting, token.secret, "10.1.0.1") == "accepted");
  const auto comes = door.join(new_key(), token.secret, "10.1.0.3");
  CHECK(std::string(comes.answer) == "accepted");
  CHECK(comes.let_in);
  CHECK(door.answer(new_key(), token.secret, "10.2.0.3") == "pending");
  CHECK(door.told<PendingList>(ListPending{}).rules.size() == 2);
  const auto moved = new_key();
  CHECK(door.answer(moved, token.secret, "10.2.0.4") == "pending");
  CHECK(door.answer(moved, token.secret, "10.1.0.4") == "accepted");  // it asks from an approved place now
  door.told<RuleRemoved>(RemoveApprovalRule{rule.rule.rule.number});
  CHECK(door.refusal(RemoveApprovalRule{rule.rule.rule.number}).code == ErrorCode::kAbsent);
  CHECK(door.answer(new_key(), token.secret, "10.1.0.5") == "pending");
  door.told<RuleAdded>(AddApprovalRule{.from = range, .until_unix_ms = kNow + kDay});
  door.now += kDay;
  CHECK(door.answer(new_key(), token.secret, "10.1.0.6") == "pending");
  CHECK(door.told<PendingList>(ListPending{}).rules.empty());
}

TEST_CASE("joining: the queue is bounded, and who finds it full is told to come again") {
  Door door;
  const auto token = door.token({.site = "here", .uses = 20'000, .by_hand = true});
  REQUIRE(door.store->begin());
  for (std::uint64_t i = 0; i < kMostPending; ++i) {
    REQUIRE(door.store->joining().put_pending({.id = random_id<NodeId>(),
                                               .public_key = std::to_string(i),
                                               .hostname = "",
                                               .address = "",
                                               .token_hash = "",
                                               .site = door.site.id,
                                               .asked_unix_ms = door.now}));
  }
  REQUIRE(door.store->commit());
  const auto full = door.join(new_key(), token.secret);
  CHECK(std::string(full.answer) == "queue_full");
  CHECK(full.joined.retry_after_s == kAskAgainFullS);
  CHECK_FALSE(full.joined.pending);
  CHECK(door.told<TokenList>(ListTokens{}).tokens[0].record.uses_left == 20'000);
}

TEST_CASE("joining: a revoked key never comes in again, with any token, from the queue, or out of an old database") {
  Door door;
  const auto token = door.token({.site = "here", .uses = 5}), manual = door.token({.site = "here", .uses = 5, .by_hand = true});
  const auto key = new_key(), waiting = new_key(), stranger = new_key();
  const auto id = door.join(key, token.secret).joined.node_id;
  CHECK(door.answer(waiting, manual.secret) == "pending");
  const auto revoked = door.told<KeysRevoked>(RevokeKey{.node = id, .reason = "stolen"});
  CHECK(revoked.node->id == id);
  REQUIRE(revoked.keys.size() == 1);
  CHECK(revoked.keys[0].public_key == key);
  door.told<KeysRevoked>(RevokeKey{.public_key = waiting});
  door.told<KeysRevoked>(RevokeKey{.public_key = stranger});
  for (const auto& each : {key, waiting, stranger}) {
    const auto refused = door.join(each, token.secret);
    CHECK(std::string(refused.answer) == "revoked_key");
    CHECK(refused.joined.reason.find("--new-key") != std::string::npos);
  }
  CHECK(door.told<PendingList>(ListPending{}).nodes.empty());
  CHECK_FALSE(door.store->find_node(id)->has_value());
  CHECK(door.refusal(RevokeKey{.node = id}).code == ErrorCode::kAbsent);
  CHECK(door.refusal(RevokeKey{.public_key = "short"}).code == ErrorCode::kMalformed);
  CHECK(door.told<RevokedList>(ListRevoked{}).keys.size() == 3);
  CHECK(read_revocations(door.making.revocations)->size() == 3);
}
