// What the command line says of descriptors, and of the codes they need.
#include <CLI/CLI.hpp>
#include <memory>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/site_codes.hpp"
#include "controller/store/site_codes.hpp"

namespace capmap {
namespace {

struct Codes {
  std::string site;
  SiteCodes codes;
  bool nothing = false;
};

/// "batch=503": the code stands behind the last =.
void add_pool_zone(SiteCodes& codes, const std::string& text) {
  const auto equals = text.rfind('=');
  if (equals == std::string::npos) throw CLI::ValidationError("--pool-zone", "\"" + text + "\" is not a pool and its zone: NAME=503");
  if (!codes.emplace(kPoolZones + text.substr(0, equals), text.substr(equals + 1)).second) {
    throw CLI::ValidationError("--pool-zone", "\"" + text.substr(0, equals) + "\" stands there twice");
  }
}

void add_code_options(CLI::App& command, const std::shared_ptr<Codes>& said) {
  command.add_option("SITE", said->site, "name or s-… id")->required();
  for (const auto& [flag, name, what] :
       {std::tuple{"--organization", "organization", "of its operator, 5 digits in both forms"},
        std::tuple{"--city", "city", "where the operator is registered, 4 digits"},
        std::tuple{"--industry", "industry", "2 letters or digits"}, std::tuple{"--zone", "zone", "availability zone, 3 digits"},
        std::tuple{"--service-type", "service_type", "6 digits"}}) {
    command.add_option_function<std::string>(
        flag, [said, key = std::string(name)](const std::string& code) { said->codes[key] = code; }, what);
  }
  command
      .add_option_function<std::vector<std::string>>(
          "--pool-zone",
          [said](const std::vector<std::string>& texts) {
            for (const auto& text : texts) add_pool_zone(said->codes, text);
          },
          "zone of a pool, NAME=503; may be said again for another")
      ->take_all();
  command.add_flag("--nothing", said->nothing, "withdraw all of them");
}

}  // namespace

void add_export(CLI::App& app, Line& line) {
  auto* codes =
      add_command(*app.get_subcommand("sites"), "codes", "codes that registries gave a site, in place of those before; for descriptors",
                  "  capmapctl sites codes lab --organization 20004 --city 1101 --industry tc --zone 502 \\\n"
                  "      --service-type 601009 --pool-zone batch=503\n"
                  "  capmapctl sites codes lab --nothing");
  const auto said = std::make_shared<Codes>();
  add_code_options(*codes, said);
  codes->callback([&line, said] {
    if (said->codes.empty() != said->nothing) {
      throw CLI::ValidationError("sites codes", "say which codes it has, or --nothing: what is not said is not declared any more");
    }
    if (const auto valid = validate_codes(said->codes); !valid) throw CLI::ValidationError("sites codes", valid.error().what);
    line.command = [&line, said](const Screen& screen) { return code_site(line.connection, screen, said->site, said->codes); };
  });

  auto* exports = add_command(app, "export", "what others read", "  capmapctl export descriptors --form a --edition k1");
  exports->require_subcommand(1);
  auto* descriptors = add_command(*exports, "descriptors", "identifiers with the capacity inside, of sites and pools, or why there is none",
                                  "  capmapctl export descriptors --form a --edition k1\n"
                                  "  capmapctl export descriptors --form b --edition k2 --csv");
  const auto question = std::make_shared<DescriptorQuestion>();
  descriptors->add_option("--form", question->form, "a: 27 characters and totals; b: parts, by kind of resource")->required();
  descriptors->add_option("--edition", question->edition, "k1: totals; k2: what is available")
      ->required()
      ->check(CLI::IsMember({"k1", "k2"}));
  descriptors->add_flag("--csv", question->csv, "CSV instead of a table");
  descriptors->callback([&line, question] {
    line.command = [&line, question](const Screen& screen) { return export_descriptors(line.connection, screen, *question); };
  });
}

}  // namespace capmap
