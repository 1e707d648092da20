// What the command line says of controllers that have names.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/profile.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

Result<Done> list_profiles(const Screen& screen) {
  const auto file = profiles_file();
  const auto profiles = read_profiles(file);
  if (!profiles) return profiles.error();
  ApiJson list = ApiJson::array();
  using enum TextTable::Align;
  TextTable table({{"NAME", kLeft, true}, {"URL", kLeft}, {"DEFAULT", kLeft}});
  for (const auto& profile : profiles->all) {
    const bool chosen = profile.name == profiles->default_name;
    table.add({profile.name, profile.url.value_or("–"), chosen ? "default" : "–"});
    list.push_back({{"name", profile.name}, {"url", profile.url ? ApiJson(*profile.url) : ApiJson(nullptr)}, {"default", chosen}});
  }
  if (screen.json) {
    screen.out << ApiJson{{"file", file}, {"profiles", list}}.dump() << "\n";
  } else {
    screen.out << table.text(screen.look) << "in " << printable(file) << "\n";
  }
  return Done{};
}

/// What was said on this command line, kept under a name.
Profile said_profile(const CLI::App& app, const Line& line, const std::string& name) {
  const auto said = [&app](const char* flag, const std::string& value) {
    return app.get_option(flag)->count() > 0 ? std::optional(value) : std::nullopt;
  };
  Profile profile;
  profile.name = name;
  profile.url = line.connection.url;
  profile.state = said("--state", line.connection.state);
  profile.token_file = said("--token-file", line.connection.token_file);
  profile.tls_ca = said("--tls-ca", line.connection.tls_ca);
  profile.tls_fingerprint = said("--tls-fingerprint", line.connection.tls_fingerprint);
  profile.output = said("--output", line.output);
  if (app.get_option("--timeout")->count() > 0) profile.timeout_s = line.timeout_s;
  return profile;
}

}  // namespace

void add_profiles(CLI::App& app, Line& line) {
  auto* profiles = add_command(app, "profiles", "controllers by name, for who looks after several",
                               "  capmapctl profiles\n"
                               "  capmapctl profiles add nation --url https://capmap.example:8470 --tls-fingerprint SHA256\n"
                               "  capmapctl --profile nation map");
  auto* add = add_command(*profiles, "add", "keep what is said beside it (--url, --tls-ca, --token-file, -o ...) under a name",
                          "  capmapctl profiles add park --url https://park.example:8470 --tls-ca /etc/ssl/park.pem");
  const auto name = std::make_shared<std::string>();
  add->add_option("NAME", *name, "letters, digits, - and _")->required();
  profiles->callback([&app, &line, add, name] {
    line.offline = true;
    if (!add->parsed()) {
      line.command = list_profiles;
      return;
    }
    if (app.get_option("--url")->count() == 0) throw CLI::ValidationError("--url", "a profile needs where its controller is");
    line.command = [profile = said_profile(app, line, *name)](const Screen& screen) -> Result<Done> {
      const auto file = profiles_file();
      if (const auto added = add_profile(file, profile); !added) return added.error();
      screen.out << "kept in " << printable(file) << "; its tokens: capmapctl --profile " << profile.name << " login\n";
      return Done{};
    };
  });
}

}  // namespace capmap
