#pragma once
#include <cstdint>
#include <future>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "common/ids.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "controller/metrics.hpp"

namespace capmap {

/// To the zap thread (PULL bound at ZapOptions::keys, one object each): a key is let in, or revoked.
struct KeyUpdate {
  std::string public_key;  ///< Z85
  NodeId node;
  bool revoked = false;
  bool child = false;  ///< the bytes of `node` are the id of a child controller
  /// Which of the node's keys of this run of the controller: 0 the one it had at the start, then one more with each that it takes.
  std::uint16_t generation = 0;
  bool dropped = false;  ///< the key is forgotten: the node has another one
};

/// What stands behind the id in the User-Id of a key of a later generation: "n-…#1".
inline constexpr char kGenerationMark = '#';
/// How the ZAP domain of the other message port ends (common/transport.hpp), and what stands at the end of the User-Id of who comes there.
inline constexpr const char* kOtherPortDomain = "/other";
inline constexpr char kOtherPortMark = '@';

struct ZapOptions {
  std::string keys = "inproc://keys";  ///< empty: no updates (the enrolment context)
  std::vector<KeyUpdate> known = {};   ///< taken in before the first answer: a million travel faster together
  std::string connections = {};        ///< name for watch_connections() of the guarded listener; empty: none is counted
  std::uint64_t most_connections = 0;  ///< of it at a time, those that shake hands included; 0 = no limit
  bool allow_any = false;              ///< enrolment: every key is let in, its User-Id is the key itself in Z85
};

/// Answers ZAP requests of one context from memory, in microseconds. A known key: 200 with the id text of the node or child controller as
/// User-Id, with its generation behind kGenerationMark where it is not 0; an unknown one: 300 (the peer may try again: it may be enrolled
/// by then); a revoked one: 400. Where there is no room for more connections, or a key comes too often (controller/visits.hpp): 300 too,
/// counted by reason. Where connections become many, those of strangers are ended (common/connection_watch.hpp). Waiting KeyUpdates are
/// applied before each answer. `ready` is set once the handler is bound (sockets with CURVE may then bind). Ends with Done on an empty
/// message on `keys`, or when the context is shut down. The `keys` PULL is bound before `ready`.
Result<Done> run_zap(zmq::context_t& context, const ZapOptions& options, std::promise<void>& ready, Published<Metrics>& metrics);

}  // namespace capmap
