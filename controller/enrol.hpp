#pragma once
#include <future>
#include <string>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "common/transport.hpp"
#include "controller/metrics.hpp"
#include "controller/server_key_state.hpp"

namespace capmap {

struct EnrolOptions {
  std::string endpoint;  ///< "tcp://*:8472"
  CurveKeys keys;        ///< of this port: the one that tokens name
  /// Requests taken each second, of one address and of all; the rest is told to ask again (controller/join_rates.hpp).
  std::uint32_t joins_per_address_a_s = 100, joins_a_s = 1'000;
  /// Which keys the message ports have, for who asks (KeyOffer); null: nobody is told.
  const Published<ServerKeyState>* server_keys = nullptr;
  std::uint16_t other_port = 0;
};

/// The enrol thread: port 8472. Decodes what machines ask that want to be let in, hands it to the store thread, and answers what that
/// decided, which is on disk by then. Who asks with a KeyOffer instead is told which keys the message ports have: an agent that was off for
/// a whole change of them comes back so, with its own key. Keeps nothing: the way back travels with the question. `strangers` is a context
/// of its own with its own ZAP handler (allow_any), so that a storm on this port cannot starve the message port. `ready` gets the bound
/// endpoint, or why it could not be bound. Ends with Done on stop (kEnrolPipe).
Result<Done> run_enrol(zmq::context_t& context, zmq::context_t& strangers, const EnrolOptions& options, const Clock& clock,
                       std::promise<Result<std::string>>& ready, Published<Metrics>& metrics);

}  // namespace capmap
