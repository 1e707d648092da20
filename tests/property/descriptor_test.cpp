// Descriptors against two laws: they say the same whatever order nodes, models and pools came in, and more never makes them say less.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <regex>

#include "controller/map/descriptor_rows.hpp"
#include "tests/support/catalog_descriptors.hpp"
#include "tests/support/map_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::array kEditions = {DescriptorEdition::kTotal, DescriptorEdition::kAvailable};

struct Server {
  std::uint64_t number = 0, site = 1;
  std::optional<PoolId> pool;
  Shape shape;
  std::string devices;
};

Site some_site(std::uint64_t number, const char* compute_class) {
  Site site;
  site.id = numbered_id<SiteId>(number);
  site.name = "site-" + std::to_string(number);
  site.region = "110108";
  site.compute_class = compute_class;
  site.codes = {{"organization", "20004"}, {"city", "1101"},           {"industry", "tc"},
                {"zone", "502"},           {"service_type", "601009"}, {"pool_zones.batch", "503"}};
  return site;
}

PoolId batch_of(std::uint64_t site) {
  return numbered_id<PoolId>(100 + site);
}

/// A map of servers that came in some order.
std::shared_ptr<const MapView> map_of(const std::vector<Server>& servers, std::mt19937_64& dice) {
  static const auto chips = [] {
    auto loaded = ChipTable::load(CAPMAP_SOURCE_DIR "/schemas/catalog");
    REQUIRE(loaded);
    return std::make_shared<const ChipTable>(std::move(*loaded));
  }();
  CapacityMap map(MapOptions{.epoch = 7, .regions = support::catalog_regions()}, chips, kStart);
  std::vector<std::uint64_t> sites = {1, 2, 3};
  std::ranges::shuffle(sites, dice);
  for (const auto site : sites) map.put_site(some_site(site, site == 1 ? "intelligent" : site == 2 ? "super" : ""));
  for (const auto site : sites) {
    map.put_pool({.id = batch_of(site), .site = numbered_id<SiteId>(site), .name = "batch", .compute_class = site == 3 ? "general" : ""});
  }
  for (const auto& server : servers) {
    KnownNode node;
    node.id = numbered_id<NodeId>(server.number);
    node.site = numbered_id<SiteId>(server.site);
    node.pool = server.pool;
    map.add_node(node, false, kStart);
    MapAgent agent{.node = node.id, .run_id = 1'000 + server.number, .shape = server.shape};
    map.apply(agent.node, agent.hello(), kStart, kStart);
    map.apply(agent.node, agent.shape_message(), kStart, kStart);
    map.apply(agent.node, agent.usage(usage_of(busy(1'000, 2'048), server.devices)), kStart, kStart);
  }
  return map.view(kStart, kStart);
}

std::vector<Server> some_servers(std::mt19937_64& dice, std::size_t count) {
  const auto roll = [&dice](std::uint64_t sides) { return dice() % sides; };
  std::vector<Server> servers;
  for (std::size_t i = 0; i < count; ++i) {
    Server server{.number = i + 1, .site = 1 + roll(3), .pool = {}, .shape = {}, .devices = {}};
    const auto gpus = static_cast<std::uint32_t>(roll(3) * 4);
    server.shape = server_shape(16U << roll(3), 256U << roll(3), gpus, static_cast<std::uint32_t>(roll(4)));
    server.shape.cpu.model = roll(2) == 0 ? "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz" : "Test CPU";
    if (gpus != 0 && roll(2) == 0) server.shape.accelerators.front().device_id = 0x20b2;  // another model
    for (std::uint32_t k = 0; k < gpus; ++k) server.devices += "uf?"[roll(3)];
    if (roll(2) == 0) server.pool = batch_of(server.site);
    servers.push_back(std::move(server));
  }
  return servers;
}

/// All rows of all forms and editions, as one text a row.
std::vector<std::string> all_rows(const MapView& view) {
  std::vector<std::string> all;
  const auto sites = sites_by_name(view);
  for (const char* form : {"a", "b"}) {
    for (const auto edition : kEditions) {
      for (const auto& row : descriptor_rows(view, *support::catalog_descriptors()->find(form), edition, sites, kStart)) {
        std::string text = view.sites[row.site]->name + (row.pool == 0 ? "" : "/" + view.pools[row.pool]->name) + " " + row.kind + " " +
                           row.descriptor.text.value_or("none");
        for (const auto* list : {&row.descriptor.reasons, &row.descriptor.left_out, &row.descriptor.incomplete}) {
          for (const auto& why : *list) text += " | " + why;
        }
        for (const auto& [name, value] : row.used)
          text += " " + name + "=" + (value.figure ? decimal(*value.figure) : value.text.value_or("?"));
        all.push_back(std::move(text));
      }
    }
  }
  return all;
}

/// Figures of totals by place, kind and name.
std::map<std::string, U128> totals(const MapView& view) {
  std::map<std::string, U128> all;
  for (const char* form : {"a", "b"}) {
    const auto rows =
        descriptor_rows(view, *support::catalog_descriptors()->find(form), DescriptorEdition::kTotal, sites_by_name(view), kStart);
    for (const auto& row : rows) {
      const auto place = view.sites[row.site]->name + (row.pool == 0 ? "" : "/" + view.pools[row.pool]->name);
      for (const auto& [name, value] : row.used) {
        if (value.figure) all[place + " " + row.kind + " " + name] = *value.figure;
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("descriptors say the same whatever order servers came in, and one server more never makes a total smaller") {
  std::mt19937_64 dice(run_seed());
  std::size_t texts = 0;
  for (int round = 0; round < 25; ++round) {
    CAPTURE(round);
    auto servers = some_servers(dice, 1 + dice() % 24);
    const auto one = all_rows(*map_of(servers, dice));
    CHECK(one.size() >= 12);
    std::ranges::shuffle(servers, dice);
    const auto before = map_of(servers, dice);
    CHECK(all_rows(*before) == one);
    texts += static_cast<std::size_t>(std::ranges::count_if(one, [](const auto& row) { return row.find(" none") == std::string::npos; }));

    auto more = servers;
    more.push_back(some_servers(dice, 1).front());
    more.back().number = 1'000;
    const auto now = totals(*map_of(more, dice));
    for (const auto& [what, figure] : totals(*before)) {
      CAPTURE(what);
      REQUIRE(now.contains(what));
      CHECK(now.at(what) >= figure);
    }
  }
  CHECK(texts > 100);
}

TEST_CASE("descriptors: of two figures the greater one is never written smaller, and a text is written as its figure cut to units") {
  std::mt19937_64 dice(run_seed());
  const auto& form = *support::catalog_descriptors()->find("a");
  DescriptorValues values = {{"codes.city", {.text = "1101"}},          {"codes.industry", {.text = "tc"}},
                             {"codes.organization", {.text = "20004"}}, {"region_4", {.text = "3301"}},
                             {"codes.zone", {.text = "502"}},           {"codes.service_type", {.text = "601009"}},
                             {"cpu_peak_fp32_mflops", {.figure = 0}}};
  const std::regex shape("1101tc200044013301502601009F0S([0-9]+)");
  U128 last_figure = 0, last_written = 0;
  for (int i = 0; i < 5'000; ++i) {
    const U128 figure = last_figure + (U128{dice() % 1'000'000'000'000} >> dice() % 40);
    values["storage_bytes"].figure = figure;
    const auto text = encode_descriptor(form, "general", DescriptorEdition::kTotal, values).text;
    last_figure = figure;
    if (figure != 0 && figure < 1'000'000'000'000) {
      CHECK_FALSE(text);
      continue;
    }
    REQUIRE(text);
    std::smatch found;
    REQUIRE(std::regex_match(*text, found, shape));
    const U128 written = std::stoull(found[1]);
    CHECK(written >= last_written);
    CHECK(written == figure / 1'000'000'000'000);
    last_written = written;
  }
}
