#pragma once
#include <cstdint>
#include <string>

#include "controller/ctl/commands.hpp"

namespace capmap {

struct HardwareQuestion {
  std::string filter;           ///< a condition on cells; empty = none
  std::uint32_t limit = 1'000;  ///< most kinds to list
  bool csv = false;
};
/// `hardware`: kinds of servers, most nodes first; as JSON or CSV all of them, as the API tells them.
Result<Done> list_hardware(const ApiConnection& connection, const Screen& screen, const HardwareQuestion& question);

/// The answer of /v1/hardware as a table. Pure.
std::string hardware_text(const ApiJson& answer, std::size_t most, bool terminal);

}  // namespace capmap
