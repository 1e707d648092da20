#include "controller/http/metrics_text.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/view_metrics.hpp"

namespace capmap {

Outcome get_metrics(const Call& call) {
  Metrics all = {
      {"capmap_build_info", "Version of this controller; the value is always 1.", Metric::Kind::kGauge, {{"version", call.version}}, 1}};
  const auto add = [&all](const Metrics& more) { all.insert(all.end(), more.begin(), more.end()); };
  if (call.view) add(view_metrics(*call.view, call.now_boot_ms));
  add(call.metrics());
  return HttpResponse{.status = 200, .content_type = kMetricsContentType, .body = metrics_text(all), .headers = {}};
}

}  // namespace capmap
