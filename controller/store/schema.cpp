#include "controller/store/schema.hpp"

#include <array>
#include <string>

#include "common/log.hpp"

namespace capmap {
namespace {

// Ids are their 16 bytes; times are unix ms; what is not declared is empty or NULL, never 0.
/// Sites are their ids side by side: a delegation is read and written as a whole.
constexpr Migration kChildControllers{.what = "child controllers and what they may speak for", .sql = R"(
create table children(
  id blob primary key check (length(id) = 16), public_key text not null unique, name text not null, sites blob not null,
  joined_unix_ms integer not null
) strict, without rowid;
alter table tokens add column child_sites blob;
)"};

constexpr Migration kSiteWords{.what = "hub, cluster, industry and public computing of sites", .sql = R"(
alter table sites add column hub text not null default '';
alter table sites add column hub_cluster text not null default '';
alter table sites add column industry text not null default '';
alter table sites add column public_compute integer;
)"};

/// Lines of text, see declared_words.hpp: a figure more needs no other table.
constexpr Migration kDeclaredCapacity{.what = "capacity that sites declare", .sql = R"(
alter table sites add column declared text not null default '';
)"};

/// Rows of other years than that in force (meta, regions_year) are what former lists said.
constexpr Migration kRegionYears{.what = "the year of each region's code list", .sql = R"(
alter table regions add column year integer not null default 0;
)"};

/// Lines of text, see site_codes.hpp.
constexpr Migration kSiteCodes{.what = "codes that registries gave sites", .sql = R"(
create table site_codes(site blob primary key check (length(site) = 16), codes text not null) strict, without rowid;
)"};

/// Owners and links have no ids: their names are their keys, here as in files.
constexpr Migration kOwnersAndLinks{.what = "owners, trunk links, where sites lie and what they use of power", .sql = R"(
alter table sites add column owner text not null default '';
alter table sites add column filing_number text not null default '';
alter table sites add column latitude_udeg integer;
alter table sites add column longitude_udeg integer;
alter table sites add column pue_permille integer;
alter table sites add column green_share_permille integer;
create table owners(name text primary key, owner_class text not null) strict, without rowid;
create table links(
  name text primary key, from_site blob not null check (length(from_site) = 16), to_site blob not null check (length(to_site) = 16),
  gbps integer, km integer, latency_us integer
) strict, without rowid;
)"};

/// Hashes of entries that were there before are put in when the store is opened (chain_audit). A head of number 0 is one not made yet.
constexpr Migration kAccess{.what = "users, API tokens, the chain of the audit", .sql = R"(
create table users(
  name text primary key, role integer not null, scope text not null, password_hash text not null, created_unix_ms integer not null,
  expires_unix_ms integer, disabled integer not null, last_used_unix_ms integer
) strict, without rowid;
create table api_tokens(
  id text primary key, user text not null references users(name), secret_hash text not null unique, role integer not null,
  scope text not null, label text not null, created_unix_ms integer not null, expires_unix_ms integer, last_used_unix_ms integer
) strict, without rowid;
create index api_tokens_of_user on api_tokens(user);
alter table audit add column origin text not null default '';
alter table audit add column hash text;
create table audit_head(one integer primary key check (one = 1), number integer not null, hash text not null) strict;
create trigger audit_stays before update on audit when old.hash is not null
begin select raise(abort, 'the audit is only ever added to'); end;
create trigger audit_is_kept before delete on audit
begin select raise(abort, 'the audit is only ever added to'); end;
)"};

/// Runs are 64 random bits, kept as SQLite's signed numbers.
constexpr Migration kClones{.what = "keys that spoke from two places, and which of them an admin kept", .sql = R"(
create table clones(
  node blob primary key check (length(node) = 16), since_unix_ms integer not null, settled_unix_ms integer not null
) strict, without rowid;
create table clone_runs(
  node blob not null check (length(node) = 16), run integer not null, hostname text not null, product text not null,
  first_unix_ms integer not null, last_unix_ms integer not null, refused integer not null, primary key (node, run)
) strict, without rowid;
)"};

/// Marks are 64-bit hashes, kept as SQLite's signed numbers; NULL: not said.
constexpr Migration kDoubles{.what = "what machines are known by, and which nodes an admin said are one", .sql = R"(
alter table nodes add column machine_uuid integer;
alter table nodes add column machine_ports integer;
create table doubles(
  node blob not null check (length(node) = 16), other blob not null check (length(other) = 16), same integer not null,
  settled_unix_ms integer not null, primary key (node, other)
) strict, without rowid;
)"};

/// Ranges of addresses are their text with commas between. Kinds of revoked keys: 0 a node's, 1 a child controller's.
constexpr Migration kJoiningAndKeys{.what = "names, pools and ranges of tokens, who waits to be let in, rules, keys", .sql = R"(
alter table tokens add column name text not null default '';
alter table tokens add column pool blob;
alter table tokens add column uses integer not null default 0;
alter table tokens add column created_unix_ms integer not null default 0;
alter table tokens add column from_ranges text not null default '';
alter table tokens add column by_hand integer not null default 0;
alter table tokens add column revoked_unix_ms integer;
create table pending(
  public_key text primary key, id blob not null unique check (length(id) = 16), hostname text not null, address text not null,
  token_hash text not null, site blob not null, pool blob, asked_unix_ms integer not null, rejected integer not null
) strict, without rowid;
create table approval_rules(
  number integer primary key autoincrement, from_range text not null, site blob, created_unix_ms integer not null,
  until_unix_ms integer not null
) strict;
create table revoked_keys(
  public_key text primary key, owner blob not null check (length(owner) = 16), kind integer not null, revoked_unix_ms integer not null,
  reason text not null
) strict, without rowid;
create table node_keys(
  node blob primary key check (length(node) = 16), since_unix_ms integer not null, next_key text not null
) strict, without rowid;
create unique index next_keys on node_keys(next_key) where next_key <> '';
)"};

/// A CSV text a file of the catalog.
constexpr Migration kOwnChips{.what = "an operator's own rows of the chip table", .sql = R"(
create table own_chips(file text primary key, rows text not null) strict, without rowid;
)"};

/// An empty pool: the whole site.
constexpr Migration kGroupOrders{.what = "service orders of whole sites and pools, labels that admins put on nodes", .sql = R"(
create table group_orders(
  site blob not null check (length(site) = 16), pool blob not null, state text not null, from_unix_ms integer, until_unix_ms integer,
  who text not null, why text not null, primary key (site, pool)
) strict, without rowid;
create table node_labels(
  node blob not null check (length(node) = 16), key text not null, value text not null, primary key (node, key)
) strict, without rowid;
)"};

constexpr std::array kMigrations = {
    Migration{.what = "sites, nodes, tokens, audit", .sql = R"(
create table meta(name text primary key, value integer not null) strict, without rowid;
insert into meta values ('generation', 1);
create table sites(
  id blob primary key check (length(id) = 16), name text not null unique, region text not null, owner_class text not null,
  compute_class text not null, service text not null, security_level integer
) strict, without rowid;
create table nodes(
  id blob primary key check (length(id) = 16), public_key text not null unique, site blob not null, hostname text not null,
  joined_unix_ms integer not null
) strict, without rowid;
create table tokens(
  secret_hash text primary key, site blob not null, uses_left integer not null check (uses_left >= 0), expires_unix_ms integer not null
) strict, without rowid;
create table audit(
  number integer primary key, at_unix_ms integer not null, who text not null, what text not null, subject text not null,
  detail text not null
) strict;
)"},
    Migration{.what = "shapes, when a node was last seen, its service state, pools, regions", .sql = R"(
create table shapes(
  number integer primary key, id blob not null unique check (length(id) = 16), compressed integer not null, raw_bytes integer not null,
  body blob not null, added_unix_ms integer not null
) strict;
create table pools(
  id blob primary key check (length(id) = 16), site blob not null references sites(id), name text not null, compute_class text not null,
  unique (site, name)
) strict, without rowid;
create table regions(
  code text primary key, parent text, name text not null, name_en text not null
) strict, without rowid;
alter table nodes add column pool blob;
alter table nodes add column shape integer;
alter table nodes add column last_seen_unix_ms integer;
alter table nodes add column service_state text not null default 'in_service';
alter table nodes add column service_from_unix_ms integer;
alter table nodes add column service_until_unix_ms integer;
alter table nodes add column service_who text;
alter table nodes add column service_why text;
)"},
    kChildControllers,
    Migration{.what = "removed nodes, since when a shape is unused", .sql = R"(
create table removed_nodes(
  public_key text primary key, node blob not null check (length(node) = 16), removed_unix_ms integer not null
) strict, without rowid;
alter table shapes add column unused_since_unix_ms integer;
)"},
    kSiteWords,
    kDeclaredCapacity,
    kRegionYears,
    kSiteCodes,
    kOwnersAndLinks,
    kAccess,
    kJoiningAndKeys,
    kClones,
    kDoubles,
    kOwnChips,
    kGroupOrders,
};

}  // namespace

std::span<const Migration> store_migrations() {
  return kMigrations;
}

Result<std::int64_t> check_version(Database& database, std::int64_t newest) {
  const auto application = database.number("pragma application_id");
  if (!application) return application.error();
  const auto version = database.number("pragma user_version");
  if (!version) return version.error();
  if (*application != kStoreApplicationId || *version < 1) {
    return Error{ErrorCode::kMalformed,
                 database.path() + ": is an SQLite database, but no store of capmap: capmapctl restore FILE brings a backup back"};
  }
  if (*version > newest) {
    return Error{ErrorCode::kMalformed, database.path() + ": has version " + std::to_string(*version) +
                                            ", made by a newer capmap; this one knows up to " + std::to_string(newest) +
                                            ": install the newer capmap, or restore an older backup"};
  }
  return *version;
}

Result<Done> migrate(Database& database, std::span<const Migration> migrations) {
  const auto tables = database.number("select count(*) from sqlite_schema");
  if (!tables) return tables.error();
  std::int64_t version = 0;
  if (*tables != 0) {
    const auto found = check_version(database, static_cast<std::int64_t>(migrations.size()));
    if (!found) return found.error();
    version = *found;
  }
  for (; version < static_cast<std::int64_t>(migrations.size()); ++version) {
    const Migration& next = migrations[static_cast<std::size_t>(version)];
    const std::string sql = "begin immediate;" + std::string(next.sql) + "pragma application_id = " + std::to_string(kStoreApplicationId) +
                            "; pragma user_version = " + std::to_string(version + 1) + "; commit;";
    if (auto done = database.run(sql.c_str()); !done) {
      const Error error = done.error();
      static_cast<void>(database.run("rollback"));
      return error;
    }
    if (*tables != 0) log_info("store_migrated", {{"file", database.path()}, {"to_version", version + 1}, {"adds", next.what}});
  }
  return Done{};
}

}  // namespace capmap
