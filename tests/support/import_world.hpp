#pragma once
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "controller/ctl/commands.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/program.hpp"
#include "tests/support/whole_controller.hpp"

namespace capmap::support {

struct Said {
  CtlExit code = CtlExit::kFailed;
  std::string out, err;
};

inline Site named(const std::string& name) {
  Site site;
  site.name = name;
  return site;
}

/// A state folder with one site "first", and a controller over it.
class ImportWorld {
 public:
  ImportWorld() {
    REQUIRE(create_state(state(), named("first")));
    controller = std::make_unique<WholeController>(state());
  }
  [[nodiscard]] std::string state() const { return folder_.path() + "/state"; }
  [[nodiscard]] std::string token() const { return *load_admin_token(state()); }

  [[nodiscard]] Said ctl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--url", "http://127.0.0.1:" + std::to_string(controller->port), "--state", state()});
    std::ostringstream out, err;
    const auto code = run_ctl(arguments, "1.2.3", out, err);
    return {code, out.str(), err.str()};
  }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() + "/" + name, std::ios::binary) << text;
    return folder_.path() + "/" + name;
  }
  [[nodiscard]] Reply import(const std::string& body, const std::string& headers = {}) const {
    return post(controller->port, "/v1/import", body, token(), headers);
  }
  [[nodiscard]] nlohmann::json sites() const {
    nlohmann::json by_name = nlohmann::json::object();
    const auto answer = read("/v1/sites");
    for (const auto& site : answer["sites"]) by_name[site["name"].get<std::string>()] = site;
    return by_name;
  }
  [[nodiscard]] nlohmann::json read(const std::string& path) const {
    return body_of(get(controller->port, path, "Authorization: Bearer " + token() + "\r\n"));
  }
  [[nodiscard]] bool shows(const std::string& site) const { return sites().contains(site); }
  [[nodiscard]] std::vector<AuditEntry> audit() {
    controller.reset();
    return *(*open_store(state(), NoStore::kRefuse))->audit();
  }

  std::unique_ptr<WholeController> controller;

 private:
  TemporaryFolder folder_;
};

}  // namespace capmap::support
