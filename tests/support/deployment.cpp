#include "tests/support/deployment.hpp"

#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace capmap::support {

Deployment::Deployment(std::string state, std::vector<std::string> more_flags)
    : http_port(free_port()),
      message_port(free_port()),
      enrol_port(free_port()),
      state_(std::move(state)),
      more_flags_(std::move(more_flags)) {
  if (state_.empty()) state_ = folder_.path() + "/controller";
  const Ran made = run({"capmapctl", "--json", "init", "--state", state_, "--site", "here", "--region", "11"});
  if (made.code != 0) throw std::runtime_error("capmapctl init: " + made.output);
}

void Deployment::start() {
  std::vector<std::string> arguments = {"capmap-controller",
                                        "--state",
                                        state_,
                                        "--http-port",
                                        std::to_string(http_port),
                                        "--messages-port",
                                        std::to_string(message_port),
                                        "--enrol-port",
                                        std::to_string(enrol_port),
                                        "--messages-address",
                                        "127.0.0.1",
                                        "--advertise-host",
                                        "127.0.0.1",
                                        "--enrol-joins-per-address-per-s",  // all of a test come from one address
                                        "100000",
                                        "--enrol-joins-per-s",
                                        "100000",
                                        "--catalog",
                                        CAPMAP_SOURCE_DIR "/schemas/catalog"};
  arguments.insert(arguments.end(), more_flags_.begin(), more_flags_.end());
  if (descriptors != 0) {
    arguments[0] = std::string(CAPMAP_BINARY_DIR) + "/" + arguments[0];
    const std::vector<std::string> limited = {"/bin/sh", "-c", "ulimit -n " + std::to_string(descriptors) + " && exec \"$@\"", "sh"};
    arguments.insert(arguments.begin(), limited.begin(), limited.end());
  }
  controller_ = std::make_unique<Program>(arguments);
  if (!controller_->wait_for_output(" started ", std::chrono::seconds(20)))
    throw std::runtime_error("controller: " + controller_->output());
}

int Deployment::stop(int signal_number) {
  controller_->signal(signal_number);
  return controller_->wait(std::chrono::seconds(20)).value_or(124);
}

Ran Deployment::ctl(std::vector<std::string> arguments) const {
  std::vector<std::string> all = {"capmapctl", "--url", "http://127.0.0.1:" + std::to_string(http_port), "--state", state_};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(all);
}

std::string Deployment::token(unsigned uses) const {
  const Ran made = ctl({"--json", "token", "create", "--site", "here", "--uses", std::to_string(uses)});
  const auto answer = nlohmann::json::parse(made.output, nullptr, false);
  if (made.code != 0 || !answer.contains("token")) throw std::runtime_error("capmapctl token create: " + made.output);
  return answer["token"].get<std::string>();
}

double Deployment::metric(const std::string& sample) const {
  const std::string text = "\n" + http_get(http_port, "/metrics");
  const auto at = text.find("\n" + sample + " ");
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + sample.size() + 2);
}

}  // namespace capmap::support
