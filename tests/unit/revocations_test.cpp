#include "controller/store/revocations.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "common/transport.hpp"
#include "tests/support/program.hpp"
#include "tests/support/store_records.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

RevokedKey some_key(const char* reason, bool child = false) {
  return {.public_key = make_curve_keys().public_key,
          .owner = random_id_bytes(),
          .child = child,
          .revoked_unix_ms = 1'790'000'000'123,
          .reason = reason};
}

const auto kMayWrite = []() -> Result<Done> { return Done{}; };

}  // namespace

TEST_CASE("revocations: what was appended is read back, mode 0600, and half a line at the end is passed over and cut away") {
  const TemporaryFolder folder;
  const auto path = revocations_path(folder.path());
  CHECK(read_revocations(path)->empty());
  std::vector<RevokedKey> keys = {some_key("stolen disk"), some_key("", true)};
  REQUIRE(append_revocations(path, keys));
  CHECK(*read_revocations(path) == keys);
  struct stat about {};
  REQUIRE(stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  std::ofstream(path, std::ios::app) << "1 half a line that a crash left";
  CHECK(*read_revocations(path) == keys);
  keys.push_back(some_key("two\nlines"));
  REQUIRE(append_revocations(path, {keys.back()}));
  keys.back().reason = "two lines";
  CHECK(*read_revocations(path) == keys);
}

TEST_CASE("revocations: a line that is none is an error with its place") {
  for (const char* bad : {"2 x node y 1 r\n", "\n", "1 short node n-abcdefghijklmnopqrstuvwxya 1 r\n"}) {
    const auto read = parse_revocations(bad, "revoked.keys");
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kMalformed);
    CHECK(read.error().what.starts_with("revoked.keys:1: "));
  }
}

TEST_CASE("revocations: a database of before a key was revoked learns of it, one that knows more tells the file") {
  const TemporaryFolder folder, other;
  const auto path = revocations_path(other.path());
  auto store = open_store(folder.path(), NoStore::kCreate);
  REQUIRE(store);
  const KnownNode node = some_node(random_id<SiteId>()), stays = some_node(random_id<SiteId>());
  REQUIRE((*store)->put_node(node));
  REQUIRE((*store)->put_node(stays));
  const RevokedKey key{.public_key = node.public_key, .owner = node.id.bytes, .revoked_unix_ms = 5, .reason = "r"};
  REQUIRE(append_revocations(path, {key}));
  const auto refused = merge_revocations(**store, path, 9, []() -> Result<Done> { return Error{ErrorCode::kMalformed, "damaged"}; });
  CHECK(refused.error().what == "damaged");
  CHECK((*store)->find_node(node.id)->has_value());
  CHECK(*merge_revocations(**store, path, 9, kMayWrite) == 1);
  CHECK_FALSE((*store)->find_node(node.id)->has_value());
  CHECK((*store)->find_node(stays.id)->has_value());
  CHECK(*(*store)->joining().revoked() == std::vector{key});
  CHECK(*merge_revocations(**store, path, 9, kMayWrite) == 0);
  // A database of before the node changed its key: it goes all the same.
  KnownNode earlier = node;
  earlier.public_key = make_curve_keys().public_key;
  REQUIRE((*store)->put_node(earlier));
  REQUIRE((*store)->joining().revoke(key));
  CHECK_FALSE((*store)->find_node(node.id)->has_value());
  const RevokedKey more = some_key("more");
  REQUIRE((*store)->joining().revoke(more));
  CHECK(*merge_revocations(**store, path, 9, kMayWrite) == 0);
  CHECK(*read_revocations(path) == std::vector{key, more});
}
