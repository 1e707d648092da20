#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tests/support/program.hpp"

namespace capmap::support {

/// A controller of our own on free loopback ports with a state folder that may outlive its process.
class Deployment {
 public:
  /// Makes the state with `capmapctl init`; `state` overrides the folder (for folders on a small disk).
  explicit Deployment(std::string state = {}, std::vector<std::string> more_flags = {});

  /// Starts the controller and waits until it answers; throws with its log when it does not.
  void start();
  /// The running process.
  Program& controller() { return *controller_; }
  /// Ends it by a signal and waits for the end; its exit code.
  int stop(int signal_number);

  /// Runs capmapctl against it.
  [[nodiscard]] Ran ctl(std::vector<std::string> arguments) const;
  /// A join token for the first site.
  [[nodiscard]] std::string token(unsigned uses) const;
  /// Value of a sample line in /metrics ("capmap_nodes{liveness=\"fresh\"}"), -1 when it is not there.
  [[nodiscard]] double metric(const std::string& sample) const;

  [[nodiscard]] const std::string& state() const { return state_; }
  int http_port = 0, message_port = 0, enrol_port = 0;
  unsigned descriptors = 0;  ///< so many the controller may have; 0 = as many as we

 private:
  TemporaryFolder folder_;
  std::string state_;
  std::vector<std::string> more_flags_;
  std::unique_ptr<Program> controller_;
};

}  // namespace capmap::support
