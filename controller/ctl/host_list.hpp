#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// Slurm's lists of hosts: "gpu[001-064,070],cn7" is gpu001 … gpu064, gpu070 and cn7; brackets may stand in several places of a name.
/// Errors: kMalformed (brackets that do not close, a range backwards or without numbers), kFull (more names than `most`).
Result<std::vector<std::string>> expand_hosts(std::string_view text, std::size_t most);

}  // namespace capmap
