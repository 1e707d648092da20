#include "controller/store/sqlite_tables.hpp"

namespace capmap {

const std::array<const char*, kSqlCount> kSqlTexts = {
    "insert into sites values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) on conflict (id) do "
    "update set name = excluded.name, region = excluded.region, "
    "owner_class = excluded.owner_class, compute_class = excluded.compute_class, service = excluded.service, "
    "security_level = excluded.security_level, hub = excluded.hub, hub_cluster = excluded.hub_cluster, industry = excluded.industry, "
    "public_compute = excluded.public_compute, declared = excluded.declared, owner = excluded.owner, "
    "filing_number = excluded.filing_number, latitude_udeg = excluded.latitude_udeg, longitude_udeg = excluded.longitude_udeg, "
    "pue_permille = excluded.pue_permille, green_share_permille = excluded.green_share_permille",
    "insert into nodes (id, public_key, site, hostname, joined_unix_ms, pool) values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (id) do update "
    "set "
    "public_key = excluded.public_key, site = excluded.site, hostname = excluded.hostname, joined_unix_ms = excluded.joined_unix_ms, "
    "pool = excluded.pool",
    "insert into shapes (id, compressed, raw_bytes, body, added_unix_ms) values (?1, ?2, ?3, ?4, ?5) on conflict (id) do nothing",
    "update nodes set shape = (select number from shapes where id = ?2), last_seen_unix_ms = ?3 where id = ?1 and "
    "(shape is not (select number from shapes where id = ?2) or last_seen_unix_ms is null or last_seen_unix_ms < ?3 - 1800000)",
    "update nodes set last_seen_unix_ms = ?2 where id = ?1 and (last_seen_unix_ms is null or last_seen_unix_ms < ?2 - 1800000)",
    "update nodes set machine_uuid = ?2, machine_ports = ?3 where id = ?1 and (machine_uuid is not ?2 or machine_ports is not ?3)",
    "select id, name, region, owner_class, compute_class, service, security_level, hub, hub_cluster, industry, public_compute, declared, "
    "owner, filing_number, latitude_udeg, longitude_udeg, pue_permille, green_share_permille from sites where name = ?1 or id = ?2",
    "select id, public_key, site, hostname, joined_unix_ms, pool from nodes where public_key = ?1",
    "select id, public_key, site, hostname, joined_unix_ms, pool from nodes where id = ?1",
    "insert into meta values ('probe', 1) on conflict (name) do update set value = value + 1",
    "insert into pools values (?1, ?2, ?3, ?4) on conflict (id) do update set site = excluded.site, name = excluded.name, "
    "compute_class = excluded.compute_class",
    "select id, site, name, compute_class from pools where site = ?1 and (name = ?2 or id = ?3)",
    "update nodes set service_state = ?2, service_from_unix_ms = ?3, service_until_unix_ms = ?4, service_who = ?5, service_why = ?6 "
    "where id = ?1",
    "insert into removed_nodes values (?1, ?2, ?3) on conflict (public_key) do update set node = excluded.node, "
    "removed_unix_ms = excluded.removed_unix_ms",
    "delete from nodes where id = ?1",
    "delete from removed_nodes where public_key = ?1",
};

}  // namespace capmap
