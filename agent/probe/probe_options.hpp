#pragma once
#include <optional>
#include <string>
#include <vector>

#include "agent/probe/machine.hpp"

namespace capmap {

/// What the command lines of `probe` and `shape` say.
struct ProbeOptions {
  MachineSource source;
  std::string catalog;  ///< folder of the chip table; empty = look for it
  bool json = false;
};

/// The file named, or where none is on the running machine the agent's own when it may be read; else empty.
std::string known_or_default(const std::string& named, const std::string& root);

/// Reads the arguments behind a command's name. Absent when the program is to end with `exit_code`: help was asked for and printed
/// (0), or the arguments are wrong and stderr says how (2).
std::optional<ProbeOptions> parse_probe_options(const std::string& command, const std::vector<std::string>& arguments, int& exit_code);

}  // namespace capmap
