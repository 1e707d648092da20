#pragma once
#include <string>

#include "controller/ctl/commands.hpp"

namespace capmap {

/// `nodes doubles`: nodes that say they run on one machine, and what was settled of them.
Result<Done> list_doubles(const ApiConnection& connection, const Screen& screen, bool csv);

/// `nodes doubles confirm`: node is other under another key; `dismiss`: they are two machines. Both by id, or by host name where one node
/// alone has it.
struct DoubleSettlement {
  std::string node, other;
  bool same = false;
};
Result<Done> settle_double(const ApiConnection& connection, const Screen& screen, const DoubleSettlement& settlement);

/// The answer of /v1/doubles as a table, and as CSV (RFC 4180). Pure.
std::string doubles_text(const ApiJson& answer, const TableLook& look);
std::string doubles_csv(const ApiJson& answer);

}  // namespace capmap
