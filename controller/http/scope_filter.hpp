#pragma once
#include <optional>
#include <string>

#include "controller/access/principal.hpp"
#include "controller/http/routes.hpp"
#include "controller/map/filter.hpp"

namespace capmap {

/// What cells and nodes must fulfil to be within the scope of who asks; absent: nothing, for they have none.
std::optional<FilterNode> scope_filter(const Principal& principal, const MapView& view);
/// Both at once, where there are both.
std::optional<FilterNode> both(std::optional<FilterNode> one, std::optional<FilterNode> other);
/// Is the site of that place in the view within the scope?
bool within_scope(const Principal& principal, const MapView& view, std::uint32_t site);
/// What a tag of an answer gets, so that it is not the tag of another scope's.
std::string scope_tag(const Principal& principal);
HttpResponse out_of_scope(const std::string& what, const Principal& principal);
/// The site of that id is the asker's to see.
bool may_see(const Call& call, const Site& site);

}  // namespace capmap
