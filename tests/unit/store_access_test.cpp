// Users, API tokens and the audit's chain in a database on disk.
#include <catch2/catch.hpp>

#include "common/join_token.hpp"
#include "controller/store/audit_rows.hpp"
#include "controller/store/backup.hpp"
#include "controller/store/schema.hpp"
#include "controller/store/store.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

namespace {

std::unique_ptr<Store> opened(const std::string& folder, NoStore none = NoStore::kRefuse) {
  auto store = open_store(folder, none);
  INFO((store ? std::string() : store.error().what));
  REQUIRE(store);
  return std::move(*store);
}

AuditCheck checked(Store& store) {
  AuditCheck check;
  while (!check.done) check = *store.check_audit(check, 2);
  return check;
}

/// What the check says after the file was changed behind the program's back.
std::string broken_by(const std::string& folder, const std::string& sql) {
  {
    auto database = Database::open(folder + "/store.db", Database::Mode::kReadWrite);
    REQUIRE(database);
    REQUIRE(database->run("drop trigger audit_stays; drop trigger audit_is_kept;"));
    REQUIRE(database->run(sql.c_str()));
  }
  return checked(*opened(folder)).broken;
}

void write_five(const std::string& folder) {
  const auto store = opened(folder, NoStore::kCreate);
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(store->add_audit({.at_unix_ms = 17, .who = "admin", .what = "site_added", .subject = std::to_string(i), .detail = "d"}));
  }
  REQUIRE(store->keep_audit_head());
  CHECK(checked(*store).broken.empty());
}

}  // namespace

TEST_CASE("store: users and API tokens are as they were put, and a user's tokens go with the user") {
  const TemporaryFolder folder;
  User user{.name = "a", .role = Role::kOperator, .scope = *make_scope({"11", "3205"}, {SiteId{{3}}}), .password_hash = "$argon2id$x"};
  user.created_unix_ms = 5;
  ApiToken token{.id = "t1", .user = "a", .secret_hash = secret_hash("s"), .role = Role::kOperator, .scope = *make_scope({"11"}, {})};
  token.label = "for \"cron\"";
  token.expires_unix_ms = 77;
  {
    const auto store = opened(folder.path(), NoStore::kCreate);
    REQUIRE(store->put_user(user));
    REQUIRE(store->put_api_token(token));
    user.disabled = true;
    user.expires_unix_ms = 9;
    user.last_used_unix_ms = 8;
    REQUIRE(store->put_user(user));
    token.last_used_unix_ms = 6;
    REQUIRE(store->put_api_token(token));
  }
  const auto store = opened(folder.path());
  CHECK(store->access()->users() == std::vector{user});
  CHECK(store->access()->tokens() == std::vector{token});
  REQUIRE(store->remove_user("a"));
  CHECK(store->access()->users().empty());
  CHECK(store->access()->tokens().empty());
}

TEST_CASE("store: a scope that cannot be read lets nobody see more") {
  const TemporaryFolder folder;
  REQUIRE(opened(folder.path(), NoStore::kCreate)->put_user({.name = "a", .scope = *make_scope({"11"}, {})}));
  {
    auto database = Database::open(folder.path() + "/store.db", Database::Mode::kReadWrite);
    REQUIRE(database->run("update users set scope = 'x', role = 9"));
  }
  const auto table = opened(folder.path())->access();
  CHECK_FALSE(table->users()[0].scope.everything());
  CHECK_FALSE(table->users()[0].scope.covers(SiteId{{1}}, "11"));
  CHECK(table->users()[0].role == Role::kViewer);
}

TEST_CASE("store: an entry by the admin is by whoever the change is carried out for") {
  const TemporaryFolder folder;
  const auto store = opened(folder.path(), NoStore::kCreate);
  store->act_for("li", "192.0.2.1, session");
  REQUIRE(store->add_audit({.at_unix_ms = 1, .who = "admin", .what = "site_added", .subject = "s", .detail = {}}));
  REQUIRE(store->add_audit({.at_unix_ms = 1, .who = "join", .what = "node_joined", .subject = "n", .detail = {}, .origin = "there"}));
  store->act_for({}, {});
  REQUIRE(store->add_audit({.at_unix_ms = 1, .who = "admin", .what = "site_added", .subject = "s", .detail = {}}));
  const auto entries = *store->audit();
  CHECK(entries[0].who == "li");
  CHECK(entries[0].origin == "192.0.2.1, session");
  CHECK(entries[1].who == "join");
  CHECK(entries[1].origin == "there");
  CHECK(entries[2].who == "admin");
}

TEST_CASE("store: the audit is only ever added to") {
  const TemporaryFolder folder;
  write_five(folder.path());
  auto database = Database::open(folder.path() + "/store.db", Database::Mode::kReadWrite);
  REQUIRE(database);
  CHECK_THAT(database->run("update audit set who = 'x' where number = 2").error().what, Contains("only ever added to"));
  CHECK_THAT(database->run("delete from audit where number = 5").error().what, Contains("only ever added to"));
}

TEST_CASE("store: a forged, moved, removed or added line of the audit is found, and an end that was cut off") {
  struct Forgery {
    const char* sql;
    const char* found;
  };
  const std::vector<Forgery> forgeries = {
      {"update audit set who = 'x' where number = 2", "entry 2 does not belong"},
      {"update audit set origin = 'x' where number = 1", "entry 1 does not belong"},
      {"delete from audit where number = 3", "entry 3 is missing"},
      {"update audit set number = 99 where number = 2; update audit set number = 2 where number = 3; update audit set number = 3 where "
       "number = 99",
       "entry 2 does not belong"},
      {"delete from audit where number = 5", "cut off"},
      {"delete from audit where number > 3; update audit_head set number = 3, hash = (select hash from audit where number = 3)", "cut off"},
      {"insert into audit (number, at_unix_ms, who, what, subject, detail, hash) values (6, 1, 'a', 'b', 'c', 'd', 'x')",
       "entry 6 does not belong"},
      {"delete from audit; delete from audit_head", "cut off"}};
  for (const auto& forgery : forgeries) {
    INFO(forgery.sql);
    const TemporaryFolder folder;
    write_five(folder.path());
    CHECK_THAT(broken_by(folder.path(), forgery.sql), Contains(forgery.found));
  }
}

TEST_CASE("store: an audit that was written anew from some entry on is found by the head that is kept apart") {
  const TemporaryFolder folder;
  write_five(folder.path());
  {
    auto database = Database::open(folder.path() + "/store.db", Database::Mode::kReadWrite);
    REQUIRE(database->run("drop trigger audit_stays; drop trigger audit_is_kept; delete from audit; delete from audit_head;"));
    for (int i = 1; i <= 6; ++i) REQUIRE(add_audit_row(*database, {.at_unix_ms = 1, .who = "x", .what = "y", .subject = {}, .detail = {}}));
  }
  CHECK_THAT(checked(*opened(folder.path())).broken, Contains("written anew"));
}

TEST_CASE("store: a head file that is none is told, and does not count as damage of the store") {
  const TemporaryFolder folder;
  write_five(folder.path());
  REQUIRE(write_head_file(folder.path() + "/audit.head", {.number = 5, .hash = "short"}));
  const auto store = opened(folder.path());
  CHECK_THAT(checked(*store).broken, Contains("audit.head"));
}

TEST_CASE("store: the audit of before there was a chain is chained when it is opened") {
  const TemporaryFolder folder;
  {
    auto old = Database::open(folder.path() + "/store.db", Database::Mode::kCreate);
    REQUIRE(migrate(*old, store_migrations().first(9)));
    REQUIRE(
        old->run("insert into audit (at_unix_ms, who, what, subject, detail) values (1, 'admin', 'site_added', 's', 'd'), "
                 "(2, 'join', 'node_joined', 'n', 'e')"));
  }
  {
    const auto store = opened(folder.path());
    CHECK(store->audit_head()->number == 2);
    CHECK(checked(*store).broken.empty());
    REQUIRE(store->add_audit({.at_unix_ms = 3, .who = "admin", .what = "x", .subject = {}, .detail = {}}));
    CHECK(store->audit()->at(1).detail == "e");
  }
  CHECK(checked(*opened(folder.path())).reached.number == 3);
}

TEST_CASE("store: pages of the audit go from the newest back, by who, what and since") {
  const TemporaryFolder folder;
  const auto store = opened(folder.path(), NoStore::kCreate);
  for (std::uint64_t i = 1; i <= 9; ++i) {
    const std::string who = i % 3 == 0 ? "li" : "admin", what = i % 2 == 0 ? "even" : "odd";
    REQUIRE(store->add_audit({.at_unix_ms = i, .who = who, .what = what, .subject = {}, .detail = {}}));
  }
  auto page = *store->audit_page({.before = UINT64_MAX, .since_unix_ms = 0, .who = {}, .what = {}, .limit = 4});
  REQUIRE(page.lines.size() == 4);
  CHECK(page.lines[0].number == 9);
  REQUIRE(page.next == 6U);
  page = *store->audit_page({.before = 6, .limit = 100});
  CHECK(page.lines.size() == 5);
  CHECK_FALSE(page.next);
  CHECK(store->audit_page({.since_unix_ms = 3, .who = "li", .what = "odd"})->lines.size() == 2);
}

TEST_CASE("store: a backup that is put back says itself that the audit goes back with it") {
  const TemporaryFolder folder, elsewhere;
  write_five(folder.path());
  const auto file = elsewhere.path() + "/backup.db";
  REQUIRE(back_up(folder.path(), file, {}));
  REQUIRE(opened(folder.path())->add_audit({.at_unix_ms = 1, .who = "admin", .what = "x", .subject = {}, .detail = {}}));
  REQUIRE(opened(folder.path())->keep_audit_head());
  REQUIRE(restore_store(folder.path(), file, 1'790'000'000'000, {}));
  const auto store = opened(folder.path());
  CHECK(checked(*store).broken.empty());
  const auto last = store->audit()->back();
  CHECK(last.what == "store_restored");
  CHECK_THAT(last.detail, Contains("ended with entry 6"));
}
