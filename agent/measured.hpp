#pragma once
#include <string>
#include <string_view>

#include "common/hardware.hpp"
#include "common/result.hpp"

namespace capmap {

/// What a benchmark measured, as "key=value" lines: what `capmap-probe benchmark --lines` writes, and what the agent keeps in its state
/// folder so that a restart does not forget it.
std::string measured_lines(const Measured& measured);
/// Errors: kMalformed with the line that is not understood, or when it says nothing of when.
Result<Measured> parse_measured(std::string_view lines);

std::string measured_path(const std::string& state);
/// Errors: those of HostRoot::read, kMalformed.
Result<Measured> read_measured(const std::string& state);
/// Replaces the file in one step. Errors: kDenied, kFull, kUnavailable.
Result<Done> write_measured(const std::string& state, const Measured& measured);

}  // namespace capmap
