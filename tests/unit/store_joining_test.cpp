// Tokens, who waits, rules and keys in the database.
#include <catch2/catch.hpp>

#include "controller/store/schema.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

std::unique_ptr<Store> opened(const std::string& folder) {
  auto store = open_store(folder, NoStore::kCreate);
  INFO((store ? std::string() : store.error().what));
  REQUIRE(store);
  return std::move(*store);
}

TokenRecord full_token() {
  TokenRecord token = some_token(random_id<SiteId>());
  token.name = "rollout";
  token.pool = random_id<PoolId>();
  token.uses = 9;
  token.created_unix_ms = 50;
  token.from = *parse_address_ranges("10.0.0.0/8,2001:db8::/32");
  token.by_hand = true;
  return token;
}

}  // namespace

TEST_CASE("store: tokens keep name, pool, ranges and who approves; they are found by name and id, listed newest first, and forgotten") {
  const TemporaryFolder folder;
  TokenRecord token = full_token(), other = some_token(random_id<SiteId>());
  other.created_unix_ms = 60;
  other.expires_unix_ms = 1'000;
  {
    const auto store = opened(folder.path());
    REQUIRE(store->put_token(token));
    REQUIRE(store->put_token(other));
    token.uses_left = 1;
    token.revoked_unix_ms = 70;
    REQUIRE(store->put_token(token));
  }
  const auto store = opened(folder.path());
  CHECK(*store->joining().find_token_named("rollout") == token);
  CHECK(*store->joining().find_token_named(token_id(other)) == other);
  CHECK_FALSE(store->joining().find_token_named("")->has_value());
  CHECK(*store->joining().tokens(10) == std::vector{other, token});
  CHECK(store->joining().tokens(1)->size() == 1);
  REQUIRE(store->joining().forget_tokens(71));
  CHECK(*store->joining().tokens(10) == std::vector{other});
}

TEST_CASE("store: who waits is kept with all that was said, rejected, and forgotten with time") {
  const TemporaryFolder folder;
  PendingNode first{.id = random_id<NodeId>(),
                    .public_key = make_curve_keys().public_key,
                    .hostname = "a",
                    .address = "10.0.0.1",
                    .token_hash = "t",
                    .site = random_id<SiteId>(),
                    .pool = random_id<PoolId>(),
                    .asked_unix_ms = 10};
  PendingNode second = first;
  second.id = random_id<NodeId>();
  second.public_key = make_curve_keys().public_key;
  second.pool.reset();
  second.asked_unix_ms = 20;
  {
    const auto store = opened(folder.path());
    REQUIRE(store->joining().put_pending(second));
    REQUIRE(store->joining().put_pending(first));
    second.rejected = true;
    second.hostname = "b";
    REQUIRE(store->joining().put_pending(second));
  }
  const auto store = opened(folder.path());
  CHECK(*store->joining().pending() == std::vector{first, second});
  CHECK(*store->joining().pending_count() == 2);
  CHECK(*store->joining().find_pending(second.public_key) == second);
  REQUIRE(store->joining().forget_pending(11));
  CHECK(*store->joining().pending() == std::vector{second});
  REQUIRE(store->joining().remove_pending(second.public_key));
  CHECK(store->joining().pending()->empty());
}

TEST_CASE("store: rules have numbers that are never given twice") {
  const TemporaryFolder folder;
  const auto store = opened(folder.path());
  ApprovalRule rule{.from = *parse_address_range("10.0.0.0/8"), .site = random_id<SiteId>(), .created_unix_ms = 1, .until_unix_ms = 2};
  rule.number = *store->joining().add_rule(rule);
  CHECK(*store->joining().rules() == std::vector{rule});
  CHECK(*store->joining().remove_rule(rule.number));
  CHECK_FALSE(*store->joining().remove_rule(rule.number));
  CHECK(*store->joining().add_rule(rule) > rule.number);
}

TEST_CASE("store: a revoked key takes its node, child, place in the queue and next key along; keys that are next are found") {
  const TemporaryFolder folder;
  const auto store = opened(folder.path());
  const KnownNode node = some_node(random_id<SiteId>());
  REQUIRE(store->put_node(node));
  const NodeKeys keys{.node = node.id, .since_unix_ms = 3, .next_key = make_curve_keys().public_key};
  REQUIRE(store->joining().put_node_keys(keys));
  CHECK(*store->joining().find_next_key(keys.next_key) == keys);
  CHECK(*store->joining().find_node_keys(node.id) == keys);
  CHECK_FALSE(store->joining().find_next_key("")->has_value());
  const RevokedKey revoked{.public_key = node.public_key, .owner = node.id.bytes, .revoked_unix_ms = 7, .reason = "r"};
  REQUIRE(store->joining().revoke(revoked));
  REQUIRE(store->joining().revoke(revoked));
  CHECK(*store->joining().find_revoked(node.public_key) == revoked);
  CHECK_FALSE(store->find_node(node.id)->has_value());
  CHECK(store->joining().node_keys()->empty());
  const KnownChild child{
      .id = random_id<ControllerId>(), .public_key = make_curve_keys().public_key, .name = "c", .sites = {}, .joined_unix_ms = 1};
  REQUIRE(store->put_child(child));
  REQUIRE(store->joining().revoke({.public_key = child.public_key, .owner = child.id.bytes, .child = true, .revoked_unix_ms = 8}));
  CHECK(store->children()->empty());
  CHECK(store->joining().revoked()->size() == 2);
}

TEST_CASE("store: tokens of version 9 let servers in as before, from anywhere and without an approval") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/store.db";
  const TokenRecord token = some_token(random_id<SiteId>());
  {
    auto old = Database::open(path, Database::Mode::kCreate);
    REQUIRE(old);
    REQUIRE(migrate(*old, store_migrations().first(9)));
    auto put = old->prepare("insert into tokens (secret_hash, site, uses_left, expires_unix_ms) values (?1, ?2, 2, 99)");
    REQUIRE(put);
    put->bind(1, token.secret_hash).bind_blob(2, token.site.bytes);
    REQUIRE(put->step());
  }
  CHECK(*opened(folder.path())->find_token(token.secret_hash) == token);
}
