// What sites declare, summed by any question of sites alone, equals a walk over sites and nodes by hand.
#include <catch2/catch.hpp>
#include <functional>
#include <random>
#include <set>

#include "controller/map/declared_sums.hpp"
#include "tests/support/map_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint64_t kSites = 12, kNodes = 40;
const std::array<std::string, 5> kRegions = {"110108", "110105", "310115", "1307", ""};
const std::array<std::string, 3> kClasses = {"general", "super", ""};

struct Question {
  std::vector<Dimension> by;
  std::string filter;
  bool (*keeps)(const Site& site);
};

/// What is known by hand of one node.
struct Standing {
  std::uint64_t site = 0;
  std::optional<Shape> shape;
};

class Fleet {
 public:
  explicit Fleet(std::uint64_t seed) : dice_(seed) {
    for (std::uint64_t i = 0; i < kNodes; ++i) {
      const auto site = roll(kSites - 3);  // three have no node at all
      const bool says_shape = roll(5) != 0;
      Shape shape = roll(2) == 0 ? server_shape(8, 64, 2, 1) : server_shape(64, 512, 8, 3);
      if (!says_shape) shape = server_shape(100 + static_cast<std::uint32_t>(i), 1, 0);  // nobody else has it: it stays unknown
      auto agent = world.agent(i, std::move(shape), site);
      if (says_shape) {
        world.introduce(agent, {});
      } else {
        world.say(agent, agent.hello());
      }
      nodes.push_back({.site = site, .shape = {}});
      if (says_shape) nodes.back().shape = agent.shape;
    }
    const auto models = roll_up(*world.map.view(world.now, world.now), {}, world.now).total.accelerators_by_model;
    REQUIRE(models.size() == 1);
    gpu = models.begin()->first;
    for (std::uint64_t i = 0; i < kSites; ++i) change_site(i);
  }

  std::uint64_t roll(std::uint64_t below) { return dice_() % below; }

  /// Another region, class, and other figures: absent, nought and as large as may be among them.
  void change_site(std::uint64_t number) {
    Site site;
    site.id = numbered_id<SiteId>(number);
    site.name = "site " + std::to_string(number);
    site.region = kRegions[roll(kRegions.size())];
    site.compute_class = kClasses[roll(kClasses.size())];
    if (roll(3) == 0) site.public_compute = roll(2) == 0;
    for (std::size_t i = 0; i < kDeclaredCount; ++i) {
      const std::array<std::optional<std::uint64_t>, 5> figures = {std::nullopt, std::nullopt, 0U, roll(1'000), most_declared(i)};
      site.declared.figures[i] = figures[roll(figures.size())];
    }
    for (const auto& model : {gpu, std::string("B")}) {
      if (roll(3) == 0) site.declared.accelerators_by_model[model] = roll(50);
    }
    if (roll(4) == 0) site.declared = {};
    world.map.put_site(site);
    sites[number] = site;
  }

  World world;
  std::string gpu = "A";  ///< what the map calls the model of all accelerators here
  std::map<std::uint64_t, Site> sites;
  std::vector<Standing> nodes;

 private:
  std::mt19937_64 dice_;
};

std::string text_of(const Site& site, Dimension dimension) {
  switch (dimension) {
    case Dimension::kRegion2: return site.region.size() < 2 ? "" : site.region.substr(0, 2);
    case Dimension::kRegion: return site.region;
    case Dimension::kSite: return site.name;
    case Dimension::kHub: return site.region.starts_with("1307") ? "京津冀" : "";
    case Dimension::kComputeClass: return site.compute_class;
    default: return !site.public_compute ? "" : *site.public_compute ? "yes" : "no";
  }
}

/// By hand: the installed figure of one site, and whether all of it is known.
std::pair<U128, bool> installed_at(const Fleet& fleet, std::uint64_t number, std::size_t figure) {
  U128 sum = 0;
  bool complete = true;
  for (const auto& node : fleet.nodes) {
    if (node.site != number) continue;
    if (figure == static_cast<std::size_t>(Declared::kNodes)) ++sum;
    if (figure == static_cast<std::size_t>(Declared::kNodes)) continue;
    complete = complete && node.shape && figure < kFirstDeclaredPeak;  // there is no chip table: no peak is known
    if (!node.shape) continue;
    if (figure == static_cast<std::size_t>(Declared::kPackages)) sum += *node.shape->cpu.packages;
    if (figure == static_cast<std::size_t>(Declared::kCores)) sum += *node.shape->cpu.cores;
    if (figure == static_cast<std::size_t>(Declared::kMemoryBytes)) sum += *node.shape->memory_bytes;
    if (figure == static_cast<std::size_t>(Declared::kAccelerators)) {
      for (const auto& device : node.shape->accelerators) sum += device.count;
    }
    if (figure == static_cast<std::size_t>(Declared::kStorageBytes)) {
      for (const auto& disk : node.shape->disks) sum += U128{*disk.bytes} * disk.count;
    }
  }
  return {sum, complete};
}

DeclaredGroup by_hand(const Fleet& fleet, const std::function<bool(const Site&)>& wanted) {
  DeclaredGroup group;
  for (const auto& [number, site] : fleet.sites) {
    if (!wanted(site)) continue;
    ++group.sites;
    for (std::size_t i = 0; i < kDeclaredCount; ++i) {
      if (!site.declared.figures[i]) continue;
      const auto [installed, complete] = installed_at(fleet, number, i);
      auto& sum = group.figures[i];
      ++sum.sites;
      sum.declared += *site.declared.figures[i];
      sum.comparable = i != static_cast<std::size_t>(Declared::kPowerWatts);
      sum.installed += sum.comparable ? installed : 0;
      if (sum.comparable && installed > *site.declared.figures[i]) {
        sum.beyond += installed - *site.declared.figures[i];
        ++sum.sites_beyond;
      }
      sum.complete = sum.complete && (complete || !sum.comparable);
    }
    for (const auto& [model, count] : site.declared.accelerators_by_model) {
      auto& sum = group.models[model];
      ++sum.sites;
      sum.declared += count;
      for (const auto& node : fleet.nodes) {
        if (node.site != number) continue;
        sum.complete = sum.complete && node.shape;
        if (model == fleet.gpu && node.shape) sum.installed += node.shape->accelerators.at(0).count;
      }
    }
  }
  return group;
}

std::string difference(const DeclaredGroup& one, const DeclaredGroup& other) {
  if (one.sites != other.sites) return "sites";
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    const auto &a = one.figures[i], &b = other.figures[i];
    if (a.sites != b.sites || a.declared != b.declared || a.comparable != b.comparable) return kDeclaredNames[i];
    if (a.installed != b.installed)
      return std::string("installed ") + kDeclaredNames[i] + " " + decimal(a.installed) + " " + decimal(b.installed);
    if (a.beyond != b.beyond || a.sites_beyond != b.sites_beyond) return std::string("beyond ") + kDeclaredNames[i];
    if (a.complete != b.complete) return std::string("complete ") + kDeclaredNames[i];
  }
  if (one.models.size() != other.models.size()) return "models";
  for (const auto& [model, sum] : one.models) {
    const auto found = other.models.find(model);
    if (found == other.models.end() || found->second.sites != sum.sites || found->second.declared != sum.declared) return "model " + model;
    if (found->second.installed != sum.installed || found->second.complete != sum.complete) return "installed model " + model;
  }
  return {};
}

bool any(const Site& /*site*/) {
  return true;
}

const std::vector<Question>& questions() {
  static const std::vector<Question> all = {
      {{}, "", any},
      {{Dimension::kRegion2}, "", any},
      {{Dimension::kSite}, "", any},
      {{Dimension::kHub, Dimension::kComputeClass}, "", any},
      {{Dimension::kRegion, Dimension::kPublicCompute}, "compute_class = super", [](const Site& s) { return s.compute_class == "super"; }},
      {{Dimension::kComputeClass},
       "not region_2 = 11 or public_compute = yes",
       [](const Site& s) { return s.region.substr(0, 2) != "11" || s.public_compute.value_or(false); }},
      {{Dimension::kRegion2}, "region = \"\"", [](const Site& s) { return s.region.empty(); }}};
  return all;
}

void compare(Fleet& fleet, const Question& question) {
  const auto view = fleet.world.map.view(fleet.world.now, fleet.world.now);
  INFO("filter " << question.filter << ", dimensions " << question.by.size());
  RollupQuery query{.by = question.by, .filter = std::nullopt};
  if (!question.filter.empty()) query.filter = *parse_filter(question.filter);
  const DeclaredSums sums(*view, question.by, query.filter);
  REQUIRE(sums.why_not() == nullptr);
  REQUIRE(sums.total());
  CHECK(difference(*sums.total(), by_hand(fleet, question.keeps)).empty());

  const auto plain = roll_up_query(*view, query, fleet.world.now);
  const auto beside = roll_up_beside(*view, query, fleet.world.now, sums);
  CHECK(beside.total.installed_nodes == plain.total.installed_nodes);
  CHECK(std::ranges::is_sorted(beside.groups, {}, &RollupGroup::key));
  std::set<std::vector<std::string>> keys;
  std::uint64_t sites = 0, nodes = 0;
  for (const auto& group : beside.groups) {
    REQUIRE(keys.insert(group.key).second);
    const auto wanted = [&](const Site& site) {
      std::vector<std::string> key;
      for (const auto dimension : question.by) key.push_back(text_of(site, dimension));
      return key == group.key && question.keeps(site);
    };
    const auto declared = sums.of_group(group.key);
    REQUIRE(declared);
    CHECK(difference(*declared, by_hand(fleet, wanted)) == "");
    sites += declared->sites;
    nodes += group.installed_nodes;
  }
  CHECK(sites == sums.total()->sites);  // each site once
  CHECK(nodes == plain.total.installed_nodes);
  CHECK(beside.group_count == beside.groups.size());
  CHECK(beside.groups.size() >= plain.groups.size());

  // Page by page the same.
  std::vector<std::vector<std::string>> paged;
  for (query.limit = 2;; query.first += query.limit) {
    const auto page = roll_up_beside(*view, query, fleet.world.now, sums);
    CHECK(page.group_count == beside.group_count);
    for (const auto& group : page.groups) {
      paged.push_back(group.key);
      CHECK(group.installed_nodes == beside.groups[paged.size() - 1].installed_nodes);
    }
    if (page.groups.empty()) break;
  }
  CHECK(std::ranges::equal(paged, beside.groups, {}, {}, &RollupGroup::key));
}

}  // namespace

TEST_CASE("declared: any question of sites alone sums each site once, as a walk by hand does, also after sites changed and moved") {
  const auto seed = run_seed();
  Fleet fleet(seed);
  INFO("seed " << seed);
  for (int round = 0; round < 20; ++round) {
    for (const auto& question : questions()) compare(fleet, question);
    for (int changes = 0; changes < 3; ++changes) fleet.change_site(fleet.roll(kSites));
  }
}

TEST_CASE("declared: questions of nodes have no declared sums and say why; a total without a filter has them all the same") {
  Fleet fleet(1);
  const auto view = fleet.world.map.view(fleet.world.now, fleet.world.now);
  const DeclaredSums by_nodes(*view, {Dimension::kRegion2, Dimension::kLiveness}, std::nullopt);
  REQUIRE(by_nodes.why_not() != nullptr);
  CHECK_FALSE(by_nodes.of_group({"11", "fresh"}));
  REQUIRE(by_nodes.total());
  CHECK(by_nodes.total()->sites == kSites);
  for (const char* filter :
       {"liveness = fresh", "has(accelerator count > 1)", "region_2 = 11 and cores > 8", "hostname = a", "pool = \"\""}) {
    INFO(filter);
    const DeclaredSums filtered(*view, {Dimension::kRegion2}, *parse_filter(filter));
    CHECK(filtered.why_not() != nullptr);
    CHECK_FALSE(filtered.total());
    CHECK(filtered.keys().empty());
  }
}

TEST_CASE("declared: sums pass 2^64, and what nobody declared is told by no site, not by nought") {
  World world;
  for (std::uint64_t i = 0; i < 5; ++i) {
    Site site;
    site.id = numbered_id<SiteId>(i);
    site.name = std::to_string(i);
    if (i < 4) site.declared.figures[static_cast<std::size_t>(Declared::kStorageBytes)] = INT64_MAX;
    if (i == 4) site.declared.figures[static_cast<std::size_t>(Declared::kAccelerators)] = 0;
    world.map.put_site(site);
  }
  const auto view = world.map.view(world.now, world.now);
  const DeclaredSums sums(*view, {}, std::nullopt);
  const auto total = *sums.total();
  CHECK(decimal(total.figures[static_cast<std::size_t>(Declared::kStorageBytes)].declared) == "36893488147419103228");
  CHECK(total.figures[static_cast<std::size_t>(Declared::kStorageBytes)].sites == 4);
  CHECK(total.figures[static_cast<std::size_t>(Declared::kAccelerators)].sites == 1);
  CHECK(total.figures[static_cast<std::size_t>(Declared::kMemoryBytes)].sites == 0);
}
