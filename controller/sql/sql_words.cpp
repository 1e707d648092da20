#include "controller/sql/sql_words.hpp"

#include <utility>

namespace capmap {
namespace {

template <std::unique_ptr<SqlTable> (*kMake)(const SqlScene&)>
std::unique_ptr<SqlTable> of_scene(const SqlScene& scene, PinnedNodes&) {
  return kMake(scene);
}

/// Nobody's rows: for who only asks what columns there are.
class NoNodes final : public NodeSource {
 public:
  Result<NodeTold> ask(const NodeAsk&, std::uint64_t) override { return NodeTold{}; }
};

}  // namespace

const std::vector<SqlTableMaker>& sql_tables() {
  static const std::vector<SqlTableMaker> all = {
      {{"cells", "what is alike in place, hardware and state, summed; counted as /v1/map counts"}, of_scene<cells_table>},
      {{"nodes", "servers", false}, nodes_table},
      {{"devices", "accelerators, disks and NICs of servers", false}, devices_table},
      {{"sites", "places with one operator, as declared"}, of_scene<sites_table>},
      {{"pools", "some of a site's servers, named by its admin"}, of_scene<pools_table>},
      {{"regions", "the tree of region codes"}, of_scene<regions_table>},
      {{"hardware", "kinds of hardware, rated"}, of_scene<hardware_table>},
      {{"chips", "the chip table that rates them"}, of_scene<chips_table>},
      {{"shared", "what belongs to no single server: shared file systems, and virtual machines in reporting hosts"},
       of_scene<shared_table>},
      {{"events", "the newest changes of servers: came, left, moved, lost, back"}, of_scene<events_table>}};
  return all;
}

const std::vector<SqlExample>& sql_examples() {
  static const std::vector<SqlExample> all = {
      {"servers and cores by division",
       "select region_2, sum(nodes) as nodes, sum(cores) as cores\n"
       "from cells where installed group by region_2 order by nodes desc"},
      {"free accelerators by model, of available servers",
       "select accelerator_model, sum(accelerators_free) as free, sum(accelerators) as installed\n"
       "from cells where available and accelerators > 0 group by accelerator_model order by free desc"},
      {"installed FP16 of accelerators, and FP64 of CPUs, in PFLOP/s",
       "select round(sum(accelerator_fp16_mflops) / 1e9, 3) as fp16_pflops, round(sum(cpu_fp64_mflops) / 1e9, 3) as fp64_pflops\n"
       "from cells where installed"},
      {"all memory, to the byte", "select sum_exact(memory_bytes_exact) as memory_bytes from cells where installed"},
      {"declared beside installed",
       "select s.name, s.declared_nodes, sum(c.nodes) as installed\n"
       "from sites s left join cells c on c.site = s.id and c.installed group by s.id order by s.name"},
      {"servers that are lost, the longest first",
       "select hostname, site_name, age_ms / 60000 as minutes from nodes where liveness = 'lost' order by age_ms desc limit 50"},
      {"idle servers with accelerators",
       "select hostname, site_name, accelerators_free from nodes\n"
       "where available and accelerators > 0 and accelerators_used = 0 limit 100"},
      {"the hottest accelerators",
       "select hostname, name, model, temperature_celsius from devices\n"
       "where part = 'accelerator' and temperature_celsius is not null order by temperature_celsius desc limit 20"},
      {"disks by kind", "select kind, count(*) as disks, sum(bytes) / 1e12 as tb from devices where part = 'disk' group by kind"},
      {"by a label of the owner", "select labels ->> 'rack' as rack, count(*) as nodes from nodes group by rack order by nodes desc"},
      {"what no chip table rates",
       "select cpu_model, accelerator_model, nodes, unrated from hardware where unrated is not null order by nodes desc"},
      {"the newest changes", "select at, node, what, from_liveness, to_liveness from events order by revision desc limit 20"}};
  return all;
}

std::vector<SqlTableText> sql_reference() {
  static const auto view = std::make_shared<const MapView>();
  const SqlScene scene(view, nullptr, Principal{}, false, 0);
  NoNodes none;
  PinnedNodes nodes(none, scene, 0);
  std::vector<SqlTableText> all;
  for (const auto& [words, make] : sql_tables()) {
    const auto table = make(scene, nodes);
    all.push_back({.words = words, .columns = {table->columns().begin(), table->columns().end()}});
  }
  return all;
}

}  // namespace capmap
