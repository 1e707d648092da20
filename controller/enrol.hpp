#pragma once
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "common/transport.hpp"
#include "controller/metrics.hpp"
#include "controller/store/store.hpp"

namespace capmap {

struct EnrolOptions {
  std::string endpoint;        ///< "tcp://*:8472"
  CurveKeys keys;              ///< the controller's, as on the message port
  std::string advertise_host;  ///< name or address that tokens tell agents to connect to
  std::uint16_t message_port = 8471;
};

/// The enrol thread: owns the store and port 8472. Lets a machine in that holds a valid token, makes tokens and sites for the admin
/// (kAdminPipe), and tells zap and map what changed, always after the store has it on disk. A machine that joins again with its key
/// gets its id again and uses nothing up. `strangers` is a context of its own with its own ZAP handler (allow_any), so that a storm on
/// this port cannot starve the message port.
/// `ready` gets the bound endpoint, or why it could not be bound. Ends with Done on stop.
Result<Done> run_enrol(zmq::context_t& context, zmq::context_t& strangers, const EnrolOptions& options, std::unique_ptr<Store> store,
                       const Clock& clock, std::promise<Result<std::string>>& ready, Published<Metrics>& metrics);

}  // namespace capmap
