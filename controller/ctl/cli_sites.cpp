// What the command line says of sites, and what lets servers in.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <tuple>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/store/columns.hpp"
#include "controller/store/declared_words.hpp"
#include "controller/store/store.hpp"

namespace capmap {
namespace {

/// "H100=8", or "H100 SXM5=8": the count stands behind the last =.
void add_declared_model(DeclaredCapacity& declared, const std::string& text) {
  const auto equals = text.rfind('=');
  std::uint64_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto read = equals == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                : std::from_chars(text.data() + equals + 1, end, count);
  if (read.ec != std::errc() || read.ptr != end) {
    throw CLI::ValidationError("--declared-model", "\"" + text + "\" is not a model and a count: NAME=8");
  }
  if (!declared.accelerators_by_model.emplace(text.substr(0, equals), count).second) {
    throw CLI::ValidationError("--declared-model", "\"" + text.substr(0, equals) + "\" stands there twice");
  }
}

/// --declared-memory-bytes and its like, named as the API does.
void add_declared_options(CLI::App& command, DeclaredCapacity& declared) {
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    std::string flag = std::string("--declared-") + kDeclaredNames[i];
    std::ranges::replace(flag, '_', '-');
    command.add_option(flag, declared.figures[i], "what its operator says stands there; not said: not declared")
        ->check(CLI::Range(std::uint64_t{0}, most_declared(i)));
  }
  command
      .add_option_function<std::vector<std::string>>(
          "--declared-model",
          [&declared](const std::vector<std::string>& texts) {
            for (const auto& text : texts) add_declared_model(declared, text);
          },
          "accelerators of one model, NAME=COUNT; may be said again for another")
      ->take_all();
}

void set_column(Site& site, const std::string& column, const std::string& text) {
  const auto set = site_column(column)->set(site, text);
  if (!set) throw CLI::ValidationError(column, set.error().what);
}

void add_site_options(CLI::App& command, Site& site) {
  command.add_option("--region", site.region, "code of GB/T 2260, 2, 4 or 6 digits: 11, 1101, 110108");
  command.add_option("--owner-class", site.owner_class, "government, state-owned, private, foreign-or-joint, university-or-research");
  command.add_option("--compute-class", site.compute_class, "general, intelligent, super, edge");
  command.add_option("--service", site.service, "public, private, hybrid");
  command.add_option("--hub", site.hub, "national hub; default: what the region's code says");
  command.add_option("--hub-cluster", site.hub_cluster, "its cluster; default: what the region's code says");
  command.add_option("--industry", site.industry, "the industry it works for");
  command
      .add_option_function<std::string>(
          "--public-compute", [&site](const std::string& word) { site.public_compute = word == "yes"; },
          "counted as public computing power: yes or no")
      ->check(CLI::IsMember({"yes", "no"}));
  command.add_option("--security-level", site.security_level, "declared level of protection, 0 (unrated) to 5");
  command.add_option("--filing-number", site.filing_number, "under which that level was filed");
  for (const auto& [flag, column, what] :
       {std::tuple{"--latitude", "latitude", "degrees north, up to six places: 39.9042; south below zero"},
        {"--longitude", "longitude", "degrees east; west below zero"},
        {"--pue", "pue", "power usage effectiveness, 1.000 to 5.000"},
        {"--green-share", "green_share", "of its electricity, in thousandths: 0 to 1000"}}) {
    const std::string name = column;
    command.add_option_function<std::string>(
        flag, [&site, name](const std::string& text) { set_column(site, name, text); }, what);
  }
  add_declared_options(command, site.declared);
}

/// Wrong words are wrong use, before anything is asked of anybody.
void check_site(const Site& site) {
  if (const auto valid = validate_site(site); !valid) throw CLI::ValidationError("site", valid.error().what);
}

}  // namespace

void add_init(CLI::App& app, Line& line) {
  auto* init = add_command(app, "init", "make a controller's state folder on this machine: keys, admin token, first site",
                           "  capmapctl init --site beijing-1 --region 1101\n"
                           "  capmapctl init --state /tmp/state --site lab");
  init->add_option("--site", line.site.name, "name of the first site")->required();
  add_site_options(*init, line.site);
  init->callback([&line] {
    check_site(line.site);
    line.offline = true;
    line.command = [&line](const Screen& screen) { return init_state(line.connection, screen, line.site); };
  });
}

void add_sites(CLI::App& app, Line& line) {
  auto* sites = add_command(app, "sites", "places with one operator", "  capmapctl sites list\n  capmapctl sites add lab --region 11");
  add_command(*sites, "list", "all sites", "  capmapctl sites list\n  capmapctl sites list --json")->callback([&line] {
    line.command = [&line](const Screen& screen) { return list_sites(line.connection, screen); };
  });
  auto* add = add_command(*sites, "add", "declare a site",
                          "  capmapctl sites add shanghai-2 --region 310115 --owner-class state-owned \\\n"
                          "      --compute-class intelligent --service public --security-level 3");
  add->add_option("NAME", line.site.name, "name of the site, for people; unique")->required();
  add_site_options(*add, line.site);
  add->add_option("--owner", line.site.owner, "the organisation, one of capmapctl owners; without --owner-class its class holds");
  add->callback([&line] {
    check_site(line.site);
    line.command = [&line](const Screen& screen) { return add_site(line.connection, screen, line.site); };
  });
  auto* declare = add_command(*sites, "declare", "what a site's operator says stands there, in place of what was declared before",
                              "  capmapctl sites declare lab --declared-nodes 40 --declared-accelerators 320 --declared-model 'H100=320'\n"
                              "  capmapctl sites declare lab --nothing");
  declare->add_option("SITE", line.site.name, "name or s-… id")->required();
  add_declared_options(*declare, line.site.declared);
  declare->add_flag("--nothing", line.nothing_declared, "withdraw all of it");
  declare->callback([&line] {
    if (line.site.declared.empty() != line.nothing_declared) {
      throw CLI::ValidationError("sites declare", "say what is declared, or --nothing: what is not said is not declared any more");
    }
    if (const auto valid = validate_declared(line.site.declared); !valid) throw CLI::ValidationError("site", valid.error().what);
    line.command = [&line](const Screen& screen) { return declare_site(line.connection, screen, line.site.name, line.site.declared); };
  });
}

}  // namespace capmap
