#pragma once
#include <vector>
#include <zmq.hpp>

#include "common/result.hpp"
#include "controller/key_desk.hpp"
#include "controller/requests.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// What the store thread tells the others of changes in joining and keys, once they are on the disk.

struct JoiningPipes {
  zmq::socket_t &map, &keys, &ingest;
};

/// Whom a change let in.
std::vector<KnownNode> admitted_by(const JoiningDone& done);
/// Zap first, so that no new connection begins; then ingest, which ends the one that stands; then the map.
Result<Done> tell_removed(const NodeRemoved& removed, const JoiningPipes& pipes);
Result<Done> tell_revoked(const JoiningDone& done, const JoiningPipes& pipes);
/// Zap first: who is answered that a key is kept may come with it at once.
Result<Done> tell_keys(KeysDecided decided, const JoiningPipes& pipes);
Result<Done> order_ingest(zmq::socket_t& ingest, KeyOrders orders);

/// Forgets tokens long over and machines that nobody approved, and is a change of its own.
Result<Done> tidy_joining(Store& store, std::uint64_t now_unix_ms);

}  // namespace capmap
