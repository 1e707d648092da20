#include "controller/http/route_access.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace capmap {
namespace {

struct Named {
  std::string_view method, path;
  RouteAccess access;
};

constexpr RouteAccess kOpen{.least = Role::kViewer, .open = true, .partial = true};
constexpr RouteAccess kRead{.least = Role::kViewer, .open = false, .partial = true};
constexpr RouteAccess kWithinScope{.least = Role::kOperator, .open = false, .partial = true};
/// Tables of one's own come in bodies that are long.
constexpr RouteAccess kSql{.least = Role::kViewer, .open = false, .partial = true, .long_body = Role::kOperator};
constexpr RouteAccess kAdmin{.least = Role::kAdmin, .open = false, .partial = false};

constexpr std::array kNamed = {
    Named{"GET", "/healthz", kOpen},
    Named{"GET", "/readyz", kOpen},
    Named{"GET", "/v1/openapi.yaml", kOpen},  // the same text is in every package
    Named{"GET", "/v1/docs", kOpen},
    Named{"GET", "/", kOpen},           // the console: it shows nothing before who asks may see it
    Named{"GET", "/ui/{file}", kOpen},  // likewise
    Named{"POST", "/v1/login", kOpen},
    Named{"POST", "/v1/logout", kRead},
    Named{"GET", "/v1/session", kRead},
    Named{"GET", "/v1/map", kRead},
    Named{"GET", "/v1/nodes", kRead},
    Named{"GET", "/v1/nodes/{id}", kRead},
    Named{"GET", "/v1/nodes/versions", kRead},
    Named{"GET", "/v1/nodes/flapping", kRead},
    Named{"GET", "/v1/nodes/lost-updates", kRead},
    Named{"GET", "/v1/nodes/skew", kRead},
    Named{"GET", "/v1/shared", kRead},
    Named{"GET", "/v1/sd/prometheus", kRead},
    Named{"GET", "/v1/absent", kRead},
    Named{"GET", "/v1/doubles", kRead},  // pairs of which both are within it
    Named{"POST", "/v1/doubles", kWithinScope},
    Named{"GET", "/v1/imbalance/{name}", kRead},
    Named{"GET", "/v1/find", kRead},
    Named{"GET", "/v1/chips", kRead},  // how many stand within it
    Named{"GET", "/v1/chips/unrated", kRead},
    Named{"GET", "/v1/chips/own", kRead},  // of no site
    Named{"GET", "/v1/hardware", kRead},
    Named{"GET", "/v1/changes", kRead},
    Named{"GET", "/v1/events", kRead},
    Named{"GET", "/v1/contradictions", kRead},
    Named{"GET", "/v1/clones", kRead},
    Named{"GET", "/v1/history", kRead},        // of one site or division within it
    Named{"GET", "/v1/history/spans", kRead},  // when the map is known: of no site
    Named{"GET", "/v1/history/events", kRead},
    Named{"GET", "/v1/sites", kRead},
    Named{"GET", "/v1/pools", kRead},
    Named{"GET", "/v1/sql", kRead},
    Named{"POST", "/v1/sql", kSql},
    Named{"GET", "/v1/api-tokens", kRead},              // one's own
    Named{"POST", "/v1/users/{name}/tokens", kRead},    // for oneself
    Named{"POST", "/v1/users/{name}/password", kRead},  // one's own
    Named{"DELETE", "/v1/api-tokens/{id}", kRead},      // one's own
    Named{"DELETE", "/v1/nodes/{id}", kWithinScope},    // the store thread knows the node's site
    Named{"POST", "/v1/nodes/{id}/benchmark", kWithinScope},
    Named{"POST", "/v1/nodes/{id}/service", kWithinScope},
    Named{"POST", "/v1/nodes/{id}/pool", kWithinScope},
    Named{"POST", "/v1/nodes/{id}/site", kWithinScope},  // from and to
    Named{"POST", "/v1/nodes/{id}/labels", kWithinScope},
    Named{"POST", "/v1/pools", kWithinScope},
    Named{"POST", "/v1/pools/{id}/service", kWithinScope},
    Named{"POST", "/v1/sites/{id}/service", kWithinScope},
    Named{"POST", "/v1/sites", kWithinScope},
    Named{"POST", "/v1/sites/{id}", kWithinScope},  // from and to, where the region changes
    Named{"POST", "/v1/sites/{id}/declared", kWithinScope},
    Named{"POST", "/v1/sites/{id}/codes", kWithinScope},
    Named{"POST", "/v1/tokens", kWithinScope},
    Named{"GET", "/v1/tokens", kAdmin},
    Named{"GET", "/v1/keys", kAdmin},
    Named{"GET", "/v1/nodes/pending", kAdmin},
    Named{"GET", "/v1/users", kAdmin},
    Named{"GET", "/v1/audit", kAdmin},
    Named{"GET", "/v1/audit/verify", kAdmin},
};

}  // namespace

RouteAccess access_of(const Route& route) {
  const auto* const found = std::find_if(kNamed.begin(), kNamed.end(),
                                         [&route](const Named& named) { return named.method == route.method && named.path == route.path; });
  if (found != kNamed.end()) return found->access;
  return {.least = route.changes ? Role::kAdmin : Role::kViewer, .open = false, .partial = false};
}

}  // namespace capmap
