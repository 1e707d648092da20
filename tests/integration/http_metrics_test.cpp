// /metrics as Prometheus reads it: both texts, held to promtool, and how large they get whatever nodes say.
#include <sys/types.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "controller/http/group_metrics.hpp"
#include "controller/http/metrics_text.hpp"
#include "controller/http/view_metrics.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

bool has(const Reply& reply, const std::string& line) {
  return ("\n" + reply.body).find("\n" + line + "\n") != std::string::npos;
}

/// What promtool finds wrong with the plain text; empty: nothing.
std::string promtool_says(const std::string& text) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/metrics") << text;
  const auto command = "promtool check metrics <" + folder.path() + "/metrics >" + folder.path() + "/said 2>&1";
  const int code = std::system(command.c_str());
  std::ifstream said(folder.path() + "/said");
  std::string all((std::istreambuf_iterator<char>(said)), std::istreambuf_iterator<char>());
  return code == 0 || !all.empty() ? all : "promtool failed";
}

bool promtool_is_there() {
  return std::system("promtool --version >/dev/null 2>&1") == 0;
}

/// A view with so many sites, each in a division, and with models, of its own.
std::shared_ptr<MapView> wide_view(std::size_t count) {
  auto view = std::make_shared<MapView>();
  view->sites = {nullptr};
  view->hardware = {nullptr};
  for (std::size_t i = 1; i <= count; ++i) {
    auto site = std::make_shared<Site>();
    site->id.bytes[0] = static_cast<std::uint8_t>(i);
    site->id.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    site->name = "site " + std::to_string(10'000 + i);
    site->region = std::to_string(10 + i % 90) + "0101";
    view->sites.push_back(site);
    auto hardware = std::make_shared<HardwareRow>();
    hardware->shape.cpu.cores = 64;
    hardware->shape.memory_bytes = 1ULL << 39;
    hardware->shape.accelerators = {{.kind = AcceleratorKind::kGpu, .vendor_id = 1, .device_id = 2, .memory_bytes = 1, .count = 8}};
    hardware->accelerator_names = {"model " + std::to_string(i)};
    view->hardware.push_back(hardware);
    Cell cell;
    cell.key = {.site = static_cast<std::uint32_t>(i), .hardware = static_cast<std::uint32_t>(i), .liveness = Liveness::kFresh};
    if (i % 7 == 0) cell.key.liveness = Liveness::kLost;
    cell.nodes = static_cast<std::uint32_t>(i);
    cell.accelerators_used = 3 * cell.nodes;
    cell.accelerators_free = 5 * cell.nodes;
    cell.cpu_busy_millicores = {.sum = 1'000ULL * i, .known = cell.nodes};
    view->cells.push_back(cell);
  }
  return view;
}

/// Sum over all samples of a name.
double sum_of(const Metrics& metrics, const std::string& name) {
  double sum = 0;
  for (const auto& metric : metrics) sum += metric.name == name ? metric.value : 0;
  return sum;
}

std::set<std::string> values_of(const Metrics& metrics, const std::string& name, const std::string& label) {
  std::set<std::string> values;
  for (const auto& metric : metrics) {
    for (const auto& [key, value] : metric.labels) {
      if (metric.name == name && key == label) values.insert(value);
    }
  }
  return values;
}

}  // namespace

TEST_CASE("http metrics: the plain text is what promtool calls good, and says what the map says, by division and site too") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  world.metrics.publish(std::make_shared<const Metrics>(
      Metrics{{"capmap_test_things_total", "Things.", Metric::Kind::kCounter, {{"what", "a\"b\\c\nd \xff"}}, 12}}));
  get(world.port, "/nowhere");
  const auto reply = get(world.port, "/metrics");
  REQUIRE(reply.status == 200);
  CHECK(reply.headers.at("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(reply.headers.at("Vary") == "Accept");
  CHECK(has(reply, "capmap_nodes{liveness=\"lost\"} 1"));
  CHECK(has(reply, "capmap_http_requests_total{route=\"none\",code=\"404\"} 1"));
  CHECK(has(reply, "capmap_build_info{version=\"9.8.7\"} 1"));
  CHECK(reply.body.find("\ncapmap_memory_used_bytes") == std::string::npos);
  CHECK(has(reply, "capmap_memory_use_unknown_nodes 4"));
  CHECK(has(reply, "capmap_region_info{region=\"11\",name=\"北京\"} 1"));
  CHECK(has(reply, "capmap_region_installed_nodes{region=\"11\"} 4"));
  CHECK(has(reply, "capmap_region_installed_nodes{region=\"unknown\"} 1"));
  CHECK(has(reply, "capmap_region_installed_accelerators{region=\"11\",model=\"Example NPU\"} 24"));
  CHECK(has(reply, "capmap_healthy_accelerators{model=\"Example NPU\"} 24"));
  CHECK(has(reply, "capmap_available_accelerators{model=\"Example NPU\"} 24"));
  CHECK(has(reply, "capmap_used_accelerators{model=\"Example NPU\"} 4"));
  CHECK(has(reply, "capmap_free_accelerators{model=\"Example NPU\"} 20"));
  CHECK(has(reply, "capmap_installed_accelerators{model=\"Example NPU\"} 32"));
  CHECK(has(reply, "capmap_site_power_watts{site=\"北京 \\\"one\\\"\",region=\"11\"} 1250"));
  CHECK(has(reply, "capmap_site_dark{site=\"bare\",region=\"unknown\"} 1"));
  CHECK(has(reply, "capmap_dark_sites 1"));
  CHECK(has(reply, "capmap_installed_peak_flops{part=\"cpu\",precision=\"fp64\"} 12000000000000"));
  CHECK(has(reply, "capmap_region_healthy_peak_flops{region=\"11\",part=\"cpu\",precision=\"fp64\"} 9000000000000"));
  CHECK(reply.body.find("\nprocess_resident_memory_bytes ") != std::string::npos);
  CHECK(reply.body.find("\nprocess_start_time_seconds ") != std::string::npos);
  if (!promtool_is_there()) {
    WARN("promtool is not installed: its check is left out");
    return;
  }
  CHECK(promtool_says(reply.body).empty());
  CHECK(promtool_says("# HELP a_ms A.\n# TYPE a_ms gauge\na_ms 1\n") != "");
}

TEST_CASE("http metrics: who asks for OpenMetrics gets the same samples in it, with its end") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto open = get(world.port, "/metrics", "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n");
  REQUIRE(open.status == 200);
  CHECK(open.headers.at("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(open.body.ends_with("\n# EOF\n"));
  CHECK(has(open, "# TYPE capmap_build info"));
  CHECK(has(open, "# TYPE process_cpu_seconds counter"));
  CHECK(has(open, "# UNIT capmap_installed_memory_bytes bytes"));
  CHECK(has(open, "capmap_nodes{liveness=\"lost\"} 1"));
  // A family's samples stand behind its own words alone, and no name is told twice.
  std::istringstream lines(open.body);
  std::set<std::string> families;
  std::string family;
  std::size_t samples = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line == "# EOF") break;
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      INFO(family);
      CHECK(families.insert(family).second);
    }
    REQUIRE_FALSE(family.empty());
    if (!line.starts_with("#")) {
      ++samples;
      const auto name = line.substr(0, line.find_first_of("{ "));
      const bool fits = name == family || name == family + "_total" || name == family + "_info";
      INFO(line);
      CHECK(fits);
    }
  }
  CHECK(samples > 100);
}

TEST_CASE("http metrics: thousands of sites and models in 90 divisions stay within the bounds, and the rest is told as other") {
  for (const std::size_t count : {std::size_t{30}, std::size_t{3'000}}) {
    const auto metrics = view_metrics(*wide_view(count), 0);
    const double nodes = static_cast<double>(count) * static_cast<double>(count + 1) / 2;
    INFO(count);
    CHECK(sum_of(metrics, "capmap_installed_nodes") == nodes);
    CHECK(sum_of(metrics, "capmap_region_installed_nodes") == nodes);
    CHECK(sum_of(metrics, "capmap_site_installed_nodes") == nodes);
    CHECK(sum_of(metrics, "capmap_installed_accelerators") == 8 * nodes);
    CHECK(sum_of(metrics, "capmap_region_installed_accelerators") == 8 * nodes);
    CHECK(sum_of(metrics, "capmap_region_free_accelerators") == sum_of(metrics, "capmap_accelerators_free"));
    CHECK(sum_of(metrics, "capmap_site_accelerators_used") == sum_of(metrics, "capmap_accelerators_used"));
    CHECK(sum_of(metrics, "capmap_site_cpu_busy_cores") == sum_of(metrics, "capmap_cpu_busy_cores"));
    CHECK(sum_of(metrics, "capmap_dark_sites") == static_cast<double>(count / 7));
    const auto regions = values_of(metrics, "capmap_region_installed_nodes", "region");
    const auto models = values_of(metrics, "capmap_region_installed_accelerators", "model");
    const auto sites = values_of(metrics, "capmap_site_installed_nodes", "site");
    CHECK(regions.contains(kOtherWord) == (count > 90));
    CHECK(models.contains(kOtherWord) == (count > kMostMetricModels));
    CHECK(sites.contains(kOtherWord) == (count > kMostMetricSites));
    CHECK(regions.size() == std::min(count, kMostMetricRegions + 1));
    CHECK(models.size() == std::min(count, kMostMetricModels + 1));
    CHECK(sites.size() == std::min(count, kMostMetricSites + 1));
    CHECK(metrics.size() < 30'000);
  }
}
