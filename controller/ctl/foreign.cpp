#include "controller/ctl/foreign.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

constexpr const char* kDefaultRole = "server";
constexpr std::size_t kMostPools = 10'000;

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// A figure of all machines of a site: the sum is known where each of them tells it.
struct Figure {
  std::uint64_t sum = 0, untold = 0;
  void add(const std::optional<std::uint64_t>& each, std::uint64_t count) {
    std::uint64_t product = 0;
    if (!each || __builtin_mul_overflow(*each, count, &product) || __builtin_add_overflow(sum, product, &sum)) untold += count;
  }
};

constexpr std::array<const char*, 4> kFigureColumns = {"declared.packages", "declared.cores", "declared.memory_bytes",
                                                       "declared.accelerators"};

struct SiteSum {
  std::size_t line = 0;
  bool described = false;  ///< it has an entry of its own
  std::string latitude{}, longitude{};
  std::uint64_t nodes = 0;
  std::array<Figure, kFigureColumns.size()> figures{};
  std::map<std::string, std::uint64_t> by_model{};
  std::map<std::string, std::size_t> pools{};  ///< name ▶ line
};

/// Rows of one kind with columns by name.
class Rows {
 public:
  Rows(ImportFile& file, RecordKind kind) : file_(file), kind_(kind) {}
  void begin(std::size_t line) {
    file_.table(kind_).rows.emplace_back();
    file_.lines[static_cast<std::size_t>(kind_)].push_back(line);
  }
  void put(const std::string& column, std::string text) {
    auto& table = file_.table(kind_);
    const auto [at, made] = columns_.try_emplace(column, static_cast<std::uint32_t>(table.columns.size()));
    if (made) table.columns.push_back(column);
    table.rows.back().cells.emplace_back(at->second, std::move(text));
  }

 private:
  ImportFile& file_;
  RecordKind kind_;
  std::map<std::string, std::uint32_t> columns_;
};

std::map<std::string, SiteSum> sum_up(ForeignRecords& records) {
  std::map<std::string, SiteSum> sites;
  for (const auto& site : records.sites) {
    auto& sum = sites[site.name];
    if (sum.described) {
      records.fault(site.line, "site \"" + site.name + "\" stands there twice, first in line " + std::to_string(sum.line));
      continue;
    }
    sum = {.line = site.line, .described = true, .latitude = site.latitude, .longitude = site.longitude};
  }
  std::size_t pools = 0;
  for (const auto& nodes : records.nodes) {
    auto& sum = sites[nodes.site];
    if (sum.line == 0) sum.line = nodes.line;
    sum.nodes += nodes.count;
    const std::array each = {nodes.packages, nodes.cores, nodes.memory_bytes, nodes.accelerators};
    for (std::size_t i = 0; i < each.size(); ++i) sum.figures[i].add(each[i], nodes.count);
    for (const auto& [model, count] : nodes.by_model) sum.by_model[model] += count * nodes.count;
    if (nodes.pool.empty()) continue;
    if (!sum.pools.contains(nodes.pool) && ++pools > kMostPools) {
      records.fault(nodes.line, "more than " + std::to_string(kMostPools) + " pools: import it in parts");
      break;
    }
    sum.pools.try_emplace(nodes.pool, nodes.line);
  }
  return sites;
}

void put_site(Rows& rows, const std::string& name, const SiteSum& sum, std::vector<std::string>& notes) {
  rows.begin(sum.line);
  rows.put("name", name);
  if (!sum.latitude.empty()) rows.put("latitude", sum.latitude);
  if (!sum.longitude.empty()) rows.put("longitude", sum.longitude);
  if (sum.nodes == 0) return;
  rows.put("declared.nodes", std::to_string(sum.nodes));
  for (std::size_t i = 0; i < kFigureColumns.size(); ++i) {
    const auto& figure = sum.figures[i];
    if (figure.untold == 0) {
      rows.put(kFigureColumns[i], std::to_string(figure.sum));
    } else if (figure.untold < sum.nodes) {
      notes.push_back(name + ": " + kFigureColumns[i] + " stays as it is: " + plural(figure.untold, "machine") + " of " +
                      std::to_string(sum.nodes) + " do not tell it");
    }
  }
  if (sum.figures.back().untold != 0) return;
  for (const auto& [model, count] : sum.by_model) rows.put("declared.accelerators_by_model." + model, std::to_string(count));
}

}  // namespace

void ForeignRecords::fault(std::size_t line, std::string what) {
  if (faults.size() < ImportFile::kMostFaults) {
    faults.push_back({.line = line, .what = std::move(what)});
  } else {
    more_faults = true;
  }
}

bool is_server_role(std::string_view role, const ForeignOptions& options) {
  if (options.roles.empty()) return same_word(role, kDefaultRole);
  return std::ranges::any_of(options.roles, [role](const std::string& one) { return same_word(role, one); });
}

void add_nodes(ForeignRecords& records, ForeignNodes nodes) {
  if (records.nodes.size() >= kMaxForeignNodes || nodes.count > kMaxForeignNodes) {
    if (!records.more_faults) records.fault(nodes.line, "more than " + std::to_string(kMaxForeignNodes) + " machines: import it in parts");
    records.more_faults = true;
    return;
  }
  if (nodes.site.empty()) {
    records.fault(nodes.line, "tells no site: say --site NAME, where all of it stands");
    return;
  }
  for (const auto* figure : {&nodes.packages, &nodes.cores, &nodes.accelerators}) {
    if (*figure && **figure > kMaxForeignCount) {
      records.fault(nodes.line, "tells " + std::to_string(**figure) + " packages, cores or accelerators of one machine");
      return;
    }
  }
  records.nodes.push_back(std::move(nodes));
}

Result<ForeignFile> read_foreign_file(const std::string& path, const ForeignOptions& options) {
  const auto text = read_import_text(path);
  if (!text) return text.error();
  return read_foreign(*text, options);
}

ForeignFile read_foreign(std::string_view text, const ForeignOptions& options) {
  constexpr std::array readers = {read_netbox, read_glpi, read_slurm, read_kubernetes};
  ForeignFile foreign;
  const auto* const name = std::ranges::find(kForeignNames, std::string_view(options.from));
  if (name == std::end(kForeignNames)) {
    foreign.file.fault(1, "no inventory is called \"" + options.from + "\": netbox, glpi, slurm or kubernetes");
    return foreign;
  }
  auto records = readers[static_cast<std::size_t>(name - std::begin(kForeignNames))](text, options);
  const auto sites = sum_up(records);
  for (auto& fault : records.faults) foreign.file.fault(fault.line, std::move(fault.what));
  foreign.file.more_faults = foreign.file.more_faults || records.more_faults;
  if (foreign.file.faults.empty() && sites.empty()) foreign.file.fault(1, "nothing in it is a site or a machine of " + options.from);
  Rows site_rows(foreign.file, RecordKind::kSites), pool_rows(foreign.file, RecordKind::kPools);
  for (const auto& [site, sum] : sites) {
    put_site(site_rows, site, sum, foreign.notes);
    for (const auto& [pool, line] : sum.pools) {
      pool_rows.begin(line);
      pool_rows.put("site", site);
      pool_rows.put("name", pool);
    }
  }
  for (const auto& [why, count] : records.left_out) foreign.notes.push_back(plural(count, "machine") + " left out: " + why);
  return foreign;
}

}  // namespace capmap
