#pragma once
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// What is declared of a site or pool, as history keeps it: one text, members in a fixed order, what is not declared left out. The id
/// stands beside it.
std::string site_words(const Site& site);
std::string pool_words(const Pool& pool);

/// Reads what those wrote; members of a later capmap are passed over. Errors: kMalformed.
Result<Site> site_of(const SiteId& id, std::string_view words);
Result<Pool> pool_of(const PoolId& id, const SiteId& site, std::string_view words);

}  // namespace capmap
