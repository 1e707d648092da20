#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controller/map/child.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// Child controllers in the database: few rows, so each call prepares its statement. Sites lie side by side, 16 bytes each.
Result<Done> put_child_row(Database& database, const KnownChild& child);
Result<std::optional<KnownChild>> find_child_row(Database& database, const std::string& public_key);
Result<std::optional<KnownChild>> find_child_row(Database& database, const ControllerId& id);
Result<std::vector<KnownChild>> child_rows(Database& database);

std::vector<std::uint8_t> packed_sites(const std::vector<SiteId>& sites);
std::vector<SiteId> unpacked_sites(std::span<const std::uint8_t> bytes);

}  // namespace capmap
