// What the command line says of changing one site.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/site_edit.hpp"
#include "controller/store/declared_words.hpp"

namespace capmap {
namespace {

struct SiteFlag {
  const char* flag;
  const char* column;
  const char* what;
};
constexpr std::array kFlags = {
    SiteFlag{"--name", "name", "its new name"},
    SiteFlag{"--region", "region", "code of GB/T 2260, 2, 4 or 6 digits: 11, 1101, 110108"},
    SiteFlag{"--owner", "owner", "the organisation, one of capmapctl owners; without --owner-class its class holds"},
    SiteFlag{"--owner-class", "owner_class", "government, state-owned, private, foreign-or-joint, university-or-research"},
    SiteFlag{"--compute-class", "compute_class", "general, intelligent, super, edge"},
    SiteFlag{"--service", "service", "public, private, hybrid"},
    SiteFlag{"--hub", "hub", "national hub; default: what the region's code says"},
    SiteFlag{"--hub-cluster", "hub_cluster", "its cluster; default: what the region's code says"},
    SiteFlag{"--industry", "industry", "the industry it works for"},
    SiteFlag{"--public-compute", "public_compute", "counted as public computing power: yes or no"},
    SiteFlag{"--security-level", "security_level", "declared level of protection, 0 (unrated) to 5"},
    SiteFlag{"--filing-number", "filing_number", "under which that level was filed"},
    SiteFlag{"--latitude", "latitude", "degrees north, up to six places: 39.9042; south below zero"},
    SiteFlag{"--longitude", "longitude", "degrees east; west below zero"},
    SiteFlag{"--pue", "pue", "power usage effectiveness, 1.000 to 5.000"},
    SiteFlag{"--green-share", "green_share", "of its electricity, in thousandths: 0 to 1000"}};

void add_column(CLI::App& command, SiteTexts& texts, const std::string& flag, const std::string& column, const char* what) {
  command.add_option_function<std::string>(
      flag, [&texts, column](const std::string& text) { texts.emplace_back(column, text); }, what);
}

void add_declared(CLI::App& command, SiteTexts& texts) {
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    std::string flag = std::string("--declared-") + kDeclaredNames[i];
    std::ranges::replace(flag, '_', '-');
    add_column(command, texts, flag, std::string("declared.") + kDeclaredNames[i], "what its operator says stands there; '' withdraws it");
  }
  const auto take = [&texts](const std::vector<std::string>& models) {
    for (const auto& model : models) {
      const auto equals = model.rfind('=');
      if (equals == std::string::npos || equals == 0) {
        throw CLI::ValidationError("--declared-model", "\"" + model + "\" is not a model and a count: NAME=8");
      }
      texts.emplace_back(std::string("declared.") + kDeclaredModels + "." + model.substr(0, equals), model.substr(equals + 1));
    }
  };
  command
      .add_option_function<std::vector<std::string>>("--declared-model", take,
                                                     "accelerators of one model, NAME=COUNT; may be said again for another")
      ->take_all();
}

}  // namespace

void add_site_edit(CLI::App& sites, Line& line) {
  auto* edit = add_command(sites, "edit", "change what is declared of one site: shown first, then done",
                           "  capmapctl sites edit lab --pue 1.25 --owner-class private\n"
                           "  capmapctl sites edit lab --industry ''            (withdraws it)\n"
                           "  EDITOR=nano capmapctl sites edit lab              (all of it, on a terminal)");
  const auto asked = std::make_shared<SiteEdit>();
  edit->add_option("SITE", asked->site, "name or s-… id")->required();
  for (const auto& one : kFlags) add_column(*edit, asked->texts, one.flag, one.column, one.what);
  add_declared(*edit, asked->texts);
  edit->add_flag("--dry-run", asked->dry_run, "show what would change, and end");
  edit->add_flag("-y,--yes", asked->yes, "do not ask");
  edit->callback(
      [&line, asked] { line.command = [&line, asked](const Screen& screen) { return edit_site(line.connection, screen, *asked); }; });
}

}  // namespace capmap
