#include "controller/http/routes.hpp"

#include <string_view>

#include "controller/http/find_resource.hpp"
#include "controller/http/resources.hpp"

namespace capmap {

const std::vector<Route>& routes() {
  static const std::vector<Route> all = {
      {"GET", "/v1/map", get_map, true, false, {"group_by", "by", "filter", "measure", "limit", "cursor", "at", "chips"}},
      {"GET", "/v1/nodes", get_nodes, true, false, {"site", "liveness", "filter", "limit", "cursor"}},
      {"GET", "/v1/nodes/pending", get_pending, false, false, {}, true},
      {"POST", "/v1/nodes/pending/rules", post_approval_rule, false, true},
      {"DELETE", "/v1/nodes/pending/rules/{number}", delete_approval_rule, false, true},
      {"POST", "/v1/nodes/pending/{id}/approve", post_approve, false, true},
      {"POST", "/v1/nodes/pending/{id}/reject", post_reject, false, true},
      {"GET", "/v1/nodes/versions", get_versions, true, false, {"by", "filter", "limit", "cursor"}},
      {"GET", "/v1/nodes/flapping", get_flapping, true, false, {"times", "window_s", "site", "filter", "limit", "cursor"}},
      {"GET", "/v1/nodes/lost-updates", get_lost_updates, true, false, {"least", "site", "filter", "limit", "cursor"}},
      {"GET", "/v1/nodes/skew", get_skew, true, false, {"least_ms", "site", "filter", "limit", "cursor"}},
      {"GET", "/v1/nodes/{id}", get_node, true},
      {"DELETE", "/v1/nodes/{id}", delete_node, false, true},
      {"POST", "/v1/nodes/{id}/benchmark", post_benchmark, false, true},
      {"POST", "/v1/nodes/{id}/service", post_service, false, true},
      {"POST", "/v1/nodes/{id}/pool", post_node_pool, false, true},
      {"GET", "/v1/sd/prometheus", get_prometheus_targets, true, false, {"site", "liveness", "filter", "port", "host", "part"}},
      {"POST", "/v1/nodes/{id}/site", post_node_site, false, true},
      {"POST", "/v1/nodes/{id}/labels", post_node_labels, false, true},
      {"GET", "/v1/shared", get_shared, true, false, {"limit", "cursor"}},
      {"GET", "/v1/changes", get_changes, true, false, {"since", "limit"}},
      {"GET", "/v1/events", get_events, true, false, {"kind", "site", "region", "since", "follow"}},
      {"GET", "/v1/openapi.yaml", get_openapi},
      {"GET", "/v1/docs", get_docs},
      {"GET", "/v1/history/spans", get_history_spans},
      {"GET", "/v1/history/events", get_history_events, false, false, {"from", "until", "node", "limit", "cursor"}},
      {"GET", "/v1/history", get_history, true, false, {"grain", "from", "to", "region", "site", "group_by", "measure"}},
      {"GET", "/v1/chips", get_chips, true, false, {"part", "standing", "limit", "cursor"}},
      {"GET", "/v1/chips/unrated", get_unrated_chips, true, false, {"limit", "cursor"}},
      {"GET", "/v1/chips/own", get_own_chips, true},
      {"POST", "/v1/chips", post_chips, true, true, {}, false, kMaxLongBodyBytes},
      {"GET", "/v1/hardware", get_hardware, true, false, {"filter", "limit", "cursor"}},
      {"GET", "/v1/pools", get_pools, true},
      {"POST", "/v1/pools", post_pool, false, true},
      {"POST", "/v1/pools/{id}/service", post_pool_service, false, true},
      {"GET", "/v1/regions", get_regions, true},
      {"POST", "/v1/regions", post_regions, true, true, {}, false, kMaxLongBodyBytes},
      {"GET", "/v1/bulletin", get_bulletin, true, false, {"format", "lang"}},
      {"GET", "/v1/imbalance/{name}", get_imbalance, true, false, {"filter", "limit", "cursor"}},
      {"GET",
       "/v1/find",
       get_find,
       true,
       false,
       {"nodes",
        "together",
        "accelerators",
        "model",
        "vendor",
        "kind",
        "device_memory_gib",
        "precision",
        "device_rate_mflops",
        "rate_mflops",
        "cores",
        "memory_gib",
        "rdma",
        "site",
        "region",
        "owner",
        "owner_class",
        "compute_class",
        "security_level",
        "public_compute",
        "filter",
        "limit",
        "cursor"}},
      {"GET", "/v1/absent", get_absent, true, false, {"site", "filter", "limit", "cursor"}},
      {"GET", "/v1/contradictions", get_contradictions, true, false, {"site", "liveness", "filter", "limit", "cursor"}},
      {"GET", "/v1/clones", get_clones, true},
      {"POST", "/v1/clones/{id}", post_clone, true, true},
      {"GET", "/v1/doubles", get_doubles, true, false, {"limit", "cursor"}},
      {"POST", "/v1/doubles", post_double, true, true},
      {"GET", "/v1/resolve/{id}", get_resolve, true},
      {"POST", "/v1/sites/{id}/codes", post_codes, false, true},
      {"GET", "/v1/export/descriptors", get_descriptors, true, false, {"form", "edition", "limit", "cursor"}},
      {"GET", "/v1/sites", get_sites, true, false, {}, true},
      {"POST", "/v1/sites", post_site, false, true},
      {"POST", "/v1/sites/{id}", post_site_change, false, true},
      {"POST", "/v1/sites/{id}/declared", post_declared, false, true},
      {"POST", "/v1/sites/{id}/service", post_site_service, false, true},
      {"GET", "/v1/owners", get_owners, true},
      {"GET", "/v1/links", get_links, true},
      {"POST", "/v1/import", post_import, false, true, {}, false, kMaxImportBytes},
      {"GET", "/v1/tokens", get_tokens, false, false, {}, true},
      {"POST", "/v1/tokens", post_token, false, true},
      {"DELETE", "/v1/tokens/{id}", delete_token, false, true},
      {"GET", "/v1/keys", get_keys, false, false, {}, true},
      {"POST", "/v1/keys/revoke", post_revoke_key, false, true},
      {"POST", "/v1/keys/rotate", post_rotate_keys, false, true},
      {"POST", "/v1/login", post_login},
      {"POST", "/v1/logout", post_logout},
      {"GET", "/v1/session", get_session},
      {"GET", "/v1/users", get_users},
      {"POST", "/v1/users", post_user, false, true},
      {"POST", "/v1/users/{name}", post_user_change, false, true},
      {"DELETE", "/v1/users/{name}", delete_user, false, true},
      {"POST", "/v1/users/{name}/tokens", post_api_token, false, true},
      {"POST", "/v1/users/{name}/password", post_own_password, false, true},
      {"GET", "/v1/api-tokens", get_api_tokens, false, false, {"user"}},
      {"DELETE", "/v1/api-tokens/{id}", delete_api_token, false, true},
      {"GET", "/v1/audit", get_audit, false, false, {"since", "who", "what", "limit", "cursor"}},
      {"GET", "/v1/audit/verify", get_audit_check, false, false, {"expect"}},
      {"GET", "/v1/sql", get_sql},
      {"POST", "/v1/sql", post_sql, true, false, {}, false, kMaxLongBodyBytes},
      {"GET", "/", get_console},
      {"GET", "/ui/{file}", get_console_file},
      {"GET", "/healthz", get_health},
      {"GET", "/readyz", get_ready},
      {"GET", "/metrics", get_metrics},
  };
  return all;
}

bool path_fits(const char* route_path, const std::vector<std::string>& segments, std::string& value) {
  std::string_view rest(route_path);
  for (const auto& segment : segments) {
    if (rest.empty()) return false;
    rest.remove_prefix(1);
    const auto part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size());
    if (part.starts_with('{') && !segment.empty()) {
      value = segment;
    } else if (part != segment) {
      return false;
    }
  }
  return rest.empty() || (segments.empty() && rest == "/");
}

}  // namespace capmap
