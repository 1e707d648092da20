#pragma once
#include <string>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// What a program has printed, and how it ended.
struct Printed {
  std::string text;
  int status = 0;  ///< 128: by a signal
};

/// Runs a program to its end; the first word names it, as a path or for the search path. What it prints on both its outputs is kept, the
/// first megabyte. Errors: kAbsent (there is no such program), kUnavailable.
Result<Printed> run_program(const std::vector<std::string>& words);

}  // namespace capmap
