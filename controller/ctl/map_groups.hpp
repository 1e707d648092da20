#pragma once
#include <string>

#include "controller/ctl/api.hpp"
#include "controller/ctl/table_look.hpp"

namespace capmap {

/// The groups of a /v1/map answer as four tables (nodes, cpu and memory, devices, peaks), each row ending in its age and its shares of
/// nodes that are not fresh and that have unrated parts; the total is the last row. Pure.
std::string group_tables(const ApiJson& answer, const TableLook& look);

/// What a group is called: what its dimensions say of it, commas between.
std::string group_key_text(const ApiJson& answer, const ApiJson& group);

/// The `declared` of a /v1/map answer: a row a figure that some site declared, by group where there are groups, the total last. Pure.
std::string declared_tables(const ApiJson& answer, const TableLook& look);

}  // namespace capmap
