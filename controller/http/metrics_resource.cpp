#include "controller/http/metrics_text.hpp"
#include "controller/http/process_metrics.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/view_metrics.hpp"

namespace capmap {

Outcome get_metrics(const Call& call) {
  Metrics all = {
      {"capmap_build_info", "Version of this controller; the value is always 1.", Metric::Kind::kInfo, {{"version", call.version}}, 1}};
  const auto add = [&all](const Metrics& more) { all.insert(all.end(), more.begin(), more.end()); };
  if (call.view) add(view_metrics(*call.view, call.now_boot_ms));
  add(call.metrics());
  add(process_metrics());
  const auto format = metrics_format(header(call.request, "accept").value_or(""));
  const bool open_metrics = format == MetricsFormat::kOpenMetrics;
  return HttpResponse{.status = 200,
                      .content_type = open_metrics ? kOpenMetricsContentType : kMetricsContentType,
                      .body = metrics_text(all, format),
                      .headers = {{"Vary", "Accept"}}};
}

}  // namespace capmap
