#pragma once
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "controller/map/declared.hpp"

namespace capmap {

/// What a site declares as the one text that the store keeps: a line "name=figure" each, "accelerators_by_model.NAME=count" for models;
/// empty = nothing. It is read and written as a whole.
std::string packed(const DeclaredCapacity& declared);
/// Lines of no known name are passed over: check_version has refused what a newer capmap wrote.
DeclaredCapacity unpacked_declared(std::string_view text);

/// Errors: kMalformed naming the figure and what is allowed.
Result<Done> validate_declared(const DeclaredCapacity& declared);

}  // namespace capmap
