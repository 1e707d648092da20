#pragma once
#include <cstdint>
#include <string>

#include "controller/ctl/commands.hpp"

namespace capmap {

struct EventsRequest {
  std::string kinds, site, region;  ///< as /v1/events takes them; empty = all
  std::string since;                ///< id of an event, or oldest; empty: with follow what comes, else all that is kept
  bool follow = false;
};
/// `events`: what has happened, and with follow what happens, as lines or as JSON lines. A connection that breaks is made anew, with the
/// id of the last event, after 1, 2, 4 … 30 s; what was missed meanwhile is told, or said to be missed.
Result<Done> show_events(const ApiConnection& connection, const Screen& screen, const EventsRequest& request);

}  // namespace capmap
