#pragma once
#include <string>

#include "controller/ctl/commands.hpp"

namespace capmap {

/// `nodes clones`: keys that spoke from two places, with the runs that did.
Result<Done> list_clones(const ApiConnection& connection, const Screen& screen);

/// `nodes clones settle`: which run is the node, or that the key is revoked.
struct CloneSettlement {
  std::string node, keep;
  bool revoke = false;
};
Result<Done> settle_clone(const ApiConnection& connection, const Screen& screen, const CloneSettlement& settlement);

/// The answer of /v1/clones. Pure.
std::string clones_text(const ApiJson& answer, const TableLook& look);

}  // namespace capmap
