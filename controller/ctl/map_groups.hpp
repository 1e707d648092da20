#pragma once
#include <string>

#include "controller/ctl/api.hpp"

namespace capmap {

/// The groups of a /v1/map answer as four tables (nodes, cpu and memory, devices, peaks), each row ending in its age and its shares of
/// nodes that are not fresh and that have unrated parts; the total is the last row. Pure.
std::string group_tables(const ApiJson& answer, bool terminal);

}  // namespace capmap
