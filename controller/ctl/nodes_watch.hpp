#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "controller/ctl/commands.hpp"

namespace CLI {
class App;
}

namespace capmap {

struct Line;

/// `nodes watch`: what becomes of nodes, as it happens. `node`: n-… id or host name of one; empty: those of `filter`, of which as many as
/// its limit says are looked at for their use.
struct NodesWatch {
  std::string node;
  NodeFilter filter;
  std::uint32_t every_s = 2;  ///< least time from one look at their use to the next
};
/// On a terminal a table that is drawn anew, with the newest events below; else lines, or JSON lines. Goes on until interrupted; a
/// connection that breaks is made anew as by `events --follow`.
Result<Done> watch_nodes(const ApiConnection& connection, const Screen& screen, const NodesWatch& watch);

/// A node as it is watched: of a list's line or of its own page. What is not known is absent.
struct NodeSeen {
  std::string id, hostname, site, liveness, service_state;
  std::optional<std::uint64_t> age_ms, pus, busy_millicores, memory_bytes, used_mib, accelerators, accelerators_used;
};
NodeSeen node_seen(const ApiJson& node);
/// "busy 12.4 of 96 PUs, memory 20.0 of 512 GiB, accelerators 3 of 8": what is known of it. Pure.
std::string use_line(const NodeSeen& node);
/// Whether the use of the two differs so that somebody would want to see it: another accelerator, or a twentieth of PUs or memory. Pure.
bool use_differs(const NodeSeen& before, const NodeSeen& now);

/// What the command line says of it.
void add_nodes_watch(CLI::App& nodes, Line& line);

}  // namespace capmap
