// Whatever somebody's scopes are, what the map tells them is the sum over the sites they may touch, and over no other.
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "controller/http/gate.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/map/rollup.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

constexpr std::size_t kSites = 40;

/// Sites of random regions, some of none, with a number of nodes each that no other sum is made of.
std::shared_ptr<MapView> random_view(std::mt19937_64& random) {
  auto view = small_view(1'000'000);
  view->sites.resize(1);
  view->cells = {};
  for (std::uint32_t i = 1; i <= kSites; ++i) {
    auto site = std::make_shared<Site>();
    site->id = random_id<SiteId>();
    if (random() % 4 != 0) site->name = "site " + std::to_string(i);
    const auto province = std::to_string(11 + random() % 3);
    const auto length = random() % 4;
    if (length > 0) site->region = (province + "0" + std::to_string(1 + random() % 3) + "08").substr(0, 2 * length);
    view->sites.push_back(site);
    Cell cell;
    cell.key = {.site = i, .hardware = kNoHardware, .liveness = Liveness::kFresh};
    cell.nodes = static_cast<std::uint32_t>(1 + random() % 1'000);
    view->cells.push_back(cell);
  }
  return view;
}

Scope random_scope(const MapView& view, std::mt19937_64& random) {
  std::vector<std::string> regions;
  std::vector<SiteId> sites;
  for (auto left = random() % 3; left > 0; --left) {
    const auto code = std::to_string(11 + random() % 3) + "0" + std::to_string(1 + random() % 3) + "08";
    regions.push_back(code.substr(0, 2 * (1 + random() % 3)));
  }
  for (auto left = random() % 4; left > 0; --left) sites.push_back(view.sites[1 + random() % kSites]->id);
  if (random() % 8 == 0) sites.push_back(random_id<SiteId>());  // one that is gone
  return *make_scope(std::move(regions), std::move(sites));
}

}  // namespace

TEST_CASE("scope: totals of the map are the sum over the sites that may be touched") {
  std::mt19937_64 random(run_seed());
  for (int turn = 0; turn < 300; ++turn) {
    const auto view = random_view(random);
    Principal principal;
    for (auto left = random() % 3; left > 0; --left) {
      if (auto scope = random_scope(*view, random); !scope.everything()) principal.scopes.push_back(std::move(scope));
    }
    std::uint64_t expected = 0;
    for (const auto& cell : view->cells.ordered()) {
      const auto& site = *view->sites[cell.key.site];
      if (principal.may_touch(site.id, site.region)) expected += cell.nodes;
      CHECK(within_scope(principal, *view, cell.key.site) == principal.may_touch(site.id, site.region));
    }
    RollupQuery query;
    query.filter = scope_filter(principal, *view);
    INFO(scope_text(principal));
    CHECK(roll_up_query(*view, query, 1'000'000).total.installed_nodes == expected);
  }
}
