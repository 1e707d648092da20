#pragma once
#include <optional>
#include <string>

#include "controller/http/routes.hpp"

namespace capmap {

/// The resources, one file each. Thread: http; none of them blocks or waits: what another thread knows is asked for (Ask).
Outcome get_map(const Call& call);
Outcome get_nodes(const Call& call);
Outcome get_node(const Call& call);
Outcome get_prometheus_targets(const Call& call);
Outcome get_absent(const Call& call);
Outcome get_contradictions(const Call& call);
Outcome get_clones(const Call& call);
Outcome post_clone(const Call& call);
Outcome get_doubles(const Call& call);
Outcome post_double(const Call& call);
Outcome get_resolve(const Call& call);
Outcome post_benchmark(const Call& call);
Outcome post_service(const Call& call);
Outcome post_node_pool(const Call& call);
Outcome post_node_site(const Call& call);
Outcome post_node_labels(const Call& call);
Outcome post_site_service(const Call& call);
Outcome post_pool_service(const Call& call);
Outcome get_versions(const Call& call);
Outcome get_flapping(const Call& call);
Outcome get_lost_updates(const Call& call);
Outcome get_skew(const Call& call);
Outcome delete_node(const Call& call);
Outcome get_history_spans(const Call& call);
Outcome get_history_events(const Call& call);
Outcome get_owners(const Call& call);
Outcome get_links(const Call& call);
Outcome post_import(const Call& call);
Outcome get_chips(const Call& call);
Outcome get_unrated_chips(const Call& call);
Outcome get_own_chips(const Call& call);
Outcome post_chips(const Call& call);
Outcome get_hardware(const Call& call);
Outcome get_pools(const Call& call);
Outcome post_pool(const Call& call);
Outcome get_regions(const Call& call);
Outcome post_regions(const Call& call);
Outcome get_bulletin(const Call& call);
Outcome get_imbalance(const Call& call);
Outcome get_history(const Call& call);
Outcome get_shared(const Call& call);
Outcome get_events(const Call& call);
Outcome get_openapi(const Call& call);
Outcome get_docs(const Call& call);
Outcome get_console(const Call& call);
Outcome get_console_file(const Call& call);
Outcome get_changes(const Call& call);
Outcome get_sites(const Call& call);
Outcome post_site(const Call& call);
Outcome post_site_change(const Call& call);
Outcome post_declared(const Call& call);
Outcome post_codes(const Call& call);
Outcome get_descriptors(const Call& call);
Outcome post_token(const Call& call);
Outcome get_tokens(const Call& call);
Outcome delete_token(const Call& call);
Outcome get_pending(const Call& call);
Outcome post_approve(const Call& call);
Outcome post_reject(const Call& call);
Outcome post_approval_rule(const Call& call);
Outcome delete_approval_rule(const Call& call);
Outcome get_keys(const Call& call);
Outcome post_revoke_key(const Call& call);
Outcome post_rotate_keys(const Call& call);
Outcome post_login(const Call& call);
Outcome post_own_password(const Call& call);
Outcome post_logout(const Call& call);
Outcome get_session(const Call& call);
Outcome get_users(const Call& call);
Outcome post_user(const Call& call);
Outcome post_user_change(const Call& call);
Outcome delete_user(const Call& call);
Outcome post_api_token(const Call& call);
Outcome get_api_tokens(const Call& call);
Outcome delete_api_token(const Call& call);
Outcome get_audit(const Call& call);
Outcome get_audit_check(const Call& call);
Outcome post_sql(const Call& call);
Outcome get_sql(const Call& call);
Outcome get_health(const Call& call);
Outcome get_ready(const Call& call);
Outcome get_metrics(const Call& call);

/// Weak, because ages move on while nothing else changes: the same epoch and revision mean the same map.
std::string revision_etag(const MapView& view);
/// 304 when If-None-Match names that tag (or "*"), else nothing.
std::optional<HttpResponse> not_modified(const Call& call, const std::string& etag);

}  // namespace capmap
