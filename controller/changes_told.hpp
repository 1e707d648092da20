#pragma once
#include "common/result.hpp"
#include "controller/joining_told.hpp"
#include "controller/requests.hpp"

namespace capmap {

/// What the store thread tells the others of a change once it is on the disk. The store thread's. Errors: a pipe that is closed.

/// The map first: who is let in by zap must not find it unknowing; what a child says finds its delegation.
Result<Done> tell_admitted(const KnownNode& node, const JoiningPipes& pipes);
Result<Done> tell_admitted(const KnownChild& child, const JoiningPipes& pipes);
/// Of what was asked over HTTP; a line in the log too.
Result<Done> tell_change(const AdminChange& change, const JoiningPipes& pipes);
/// Whoever asked: at once, or by way of the map, where that has to show what was changed first.
Result<Done> tell_asker(AdminAnswer answer, zmq::socket_t& http, const JoiningPipes& pipes);

}  // namespace capmap
