#pragma once
#include <cstdint>
#include <string>

#include "controller/ctl/commands.hpp"

namespace capmap {

/// What `contradictions` lists.
struct ContradictionFilter {
  std::string site, filter;  ///< empty = all
  bool csv = false;
};

/// `contradictions`: nodes that cannot be what they say, a line a finding.
Result<Done> list_contradictions(const ApiConnection& connection, const Screen& screen, const ContradictionFilter& filter);

/// The answer of /v1/contradictions as a table, and as CSV (RFC 4180). Pure.
std::string contradictions_text(const ApiJson& answer, const TableLook& look);
std::string contradictions_csv(const ApiJson& answer);

}  // namespace capmap
