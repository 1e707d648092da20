#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/access/principal.hpp"
#include "controller/http/message.hpp"
#include "controller/http/scan_slots.hpp"
#include "controller/http/target.hpp"
#include "controller/map/map_view.hpp"
#include "controller/metrics.hpp"

namespace capmap {

class Gate;
class Watchers;

/// One request on its way to a resource, and everything a resource may look at. Lives as long as the call; what goes on after a
/// question to another thread copies what it needs.
struct Call {
  const HttpRequest& request;
  const Target& target;
  std::string path_value;               ///< what stands in the path at {…}; empty where there is none
  std::shared_ptr<const MapView> view;  ///< never null where the route needs it
  std::uint64_t now_boot_ms = 0, now_unix_ms = 0;
  const std::string& version;
  const std::function<Metrics()>& metrics;  ///< of all threads, this one included
  ScanSlots& scans;
  std::string controller_id = {};      ///< c-… of this controller; empty: it has none
  bool by_admin = false;               ///< by somebody of the role admin
  std::string store_problem = {};      ///< why nothing can be kept now, with the fix; empty: all is well
  std::shared_ptr<const Asker> asker;  ///< never null
  Gate& gate;
  Watchers& watchers;
};

/// One thing the API can do. A GET is also a HEAD.
struct Route {
  const char* method;
  const char* path;  ///< "/v1/nodes/{id}"
  Outcome (*handler)(const Call& call);
  bool needs_view = false;
  bool changes = false;  ///< needs more than the role viewer (see route_access.hpp), a JSON body, and takes an Idempotency-Key
  std::vector<std::string> parameters = {};
  bool more_for_admin = false;  ///< answers tell an admin more
  std::size_t most_body_bytes = kMaxBodyBytes;
};

/// All of them: what schemas/openapi.yaml promises, no more and no less.
const std::vector<Route>& routes();

/// True when the path fits a route's; `value` gets what stands at {…}.
bool path_fits(const char* route_path, const std::vector<std::string>& segments, std::string& value);

}  // namespace capmap
