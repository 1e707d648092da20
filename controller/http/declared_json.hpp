#pragma once
#include <optional>
#include <string>
#include <vector>

#include "controller/http/json.hpp"
#include "controller/map/declared_sums.hpp"

namespace capmap {

/// What one site declares: only what it does; null = nothing.
Json declared_json(const DeclaredCapacity& declared);
/// What the sites of a group declared, each figure beside what is installed there; null where the question does not tell it.
Json declared_json(const std::optional<DeclaredGroup>& group);

/// Names that a body may have for it, each with `prefix` in front: "", or "declared.".
std::vector<std::string> declared_members(const std::string& prefix);
/// Errors: kMalformed naming the member and what it must be.
Result<DeclaredCapacity> read_declared(const BodyObject& object, const std::string& prefix);

}  // namespace capmap
