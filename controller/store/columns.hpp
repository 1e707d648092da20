#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// What can be said of a record under one name, the same in files, in the API and in a list of changes. As text; "" = not declared.
template <class Record>
struct Column {
  std::string name;
  std::function<std::string(const Record&)> text;
  /// Takes back what was declared where the text is empty. Errors: kMalformed: what is allowed, without the column's name; what only the
  /// whole record can tell is for validate_site and its like.
  std::function<Result<Done>(Record&, const std::string&)> set;
};

/// A pool and a link with the names of their sites: names are the keys of files.
struct NamedPool {
  Pool pool;
  std::string site;
  bool operator==(const NamedPool&) const = default;
};
struct NamedLink {
  TrunkLink link;
  std::string from, to;
  bool operator==(const NamedLink&) const = default;
};

enum class RecordKind : unsigned char { kOwners, kSites, kPools, kLinks };
inline constexpr std::array<const char*, 4> kRecordKindNames = {"owners", "sites", "pools", "links"};

/// Names of the columns in the order in which files have them; sites may also have "declared.accelerators_by_model.NAME", any NAME.
std::vector<std::string> column_names(RecordKind kind);
/// Absent: no column is called that.
std::optional<Column<Owner>> owner_column(std::string_view name);
std::optional<Column<Site>> site_column(std::string_view name);
std::optional<Column<NamedPool>> pool_column(std::string_view name);
std::optional<Column<NamedLink>> link_column(std::string_view name);
/// What a record is known by among those of its kind.
std::string record_key(const Owner& owner);
std::string record_key(const Site& site);
std::string record_key(const NamedPool& pool);  ///< "SITE\nNAME": names have no control characters
std::string record_key(const NamedLink& link);
/// What validate_site and its like say; a pool's words are held to the rules of a site's.
Result<Done> validate_record(const Owner& owner);
Result<Done> validate_record(const Site& site);
Result<Done> validate_record(const NamedPool& pool);
Result<Done> validate_record(const NamedLink& link);

/// Whether one of that kind has it, and what else there is, for a message.
Result<Done> check_column(RecordKind kind, std::string_view name);

}  // namespace capmap
