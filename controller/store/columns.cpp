#include "controller/store/columns.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include "controller/store/fixed_point.hpp"
#include "controller/store/store.hpp"

namespace capmap {
namespace {

constexpr unsigned kDegreePlaces = 6, kPermillePlaces = 3;
constexpr std::string_view kDeclaredPrefix = "declared.";

Error must_be(const std::string& what) {
  return {ErrorCode::kMalformed, "must be " + what};
}

std::optional<std::uint64_t> whole(const std::string& text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

template <class Record, class Place>
Column<Record> text_column(const char* name, Place place) {
  return {.name = name,
          .text = [place](const Record& record) { return std::invoke(place, record); },
          .set = [place](Record& record, const std::string& text) -> Result<Done> {
            std::invoke(place, record) = text;
            return Done{};
          }};
}

/// A number kept as a whole one of its last place.
template <class Record, class Place>
Column<Record> number_column(const char* name, unsigned places, std::int64_t least, std::int64_t most, Place place) {
  return {.name = name,
          .text =
              [place, places](const Record& record) {
                const auto& value = std::invoke(place, record);
                return value ? fixed_text(*value, places) : std::string();
              },
          .set = [place, places, least, most](Record& record, const std::string& text) -> Result<Done> {
            auto& value = std::invoke(place, record);
            value.reset();
            if (text.empty()) return Done{};
            const auto read = parse_fixed(text, places);
            if (!read || *read < least || *read > most) {
              const std::string kind =
                  places == 0 ? "a whole number from " : "a number of at most " + std::to_string(places) + " places from ";
              return must_be(kind + fixed_text(least, places) + " to " + fixed_text(most, places) + ", not \"" + text + "\"");
            }
            value = static_cast<typename std::remove_reference_t<decltype(value)>::value_type>(*read);
            return Done{};
          }};
}

Column<Site> truth_column(const char* name) {
  return {.name = name,
          .text = [](const Site& site) -> std::string { return !site.public_compute   ? ""
                                                               : *site.public_compute ? "true"
                                                                                      : "false"; },
          .set = [](Site& site, const std::string& text) -> Result<Done> {
            const bool yes = text == "true" || text == "yes", no = text == "false" || text == "no";
            if (!yes && !no && !text.empty()) return must_be("true or false, not \"" + text + "\"");
            site.public_compute = text.empty() ? std::nullopt : std::optional(yes);
            return Done{};
          }};
}

Column<Site> declared_column(std::size_t figure) {
  return {.name = std::string(kDeclaredPrefix) + kDeclaredNames[figure],
          .text =
              [figure](const Site& site) {
                const auto& value = site.declared.figures[figure];
                return value ? std::to_string(*value) : std::string();
              },
          .set = [figure](Site& site, const std::string& text) -> Result<Done> {
            const auto value = whole(text, most_declared(figure));
            if (!value && !text.empty()) {
              return must_be("a whole number from 0 to " + std::to_string(most_declared(figure)) + ", not \"" + text + "\"");
            }
            site.declared.figures[figure] = value;
            return Done{};
          }};
}

Column<Site> model_column(std::string name, std::string model) {
  return {.name = std::move(name),
          .text =
              [model](const Site& site) {
                const auto found = site.declared.accelerators_by_model.find(model);
                return found == site.declared.accelerators_by_model.end() ? std::string() : std::to_string(found->second);
              },
          .set = [model](Site& site, const std::string& text) -> Result<Done> {
            const auto value = whole(text, kMostDeclaredThings);
            if (!value && !text.empty()) {
              return must_be("a whole number from 0 to " + std::to_string(kMostDeclaredThings) + ", not \"" + text + "\"");
            }
            if (value) site.declared.accelerators_by_model[model] = *value;
            if (!value) site.declared.accelerators_by_model.erase(model);
            return Done{};
          }};
}

std::vector<Column<Site>> make_site_columns() {
  std::vector<Column<Site>> all = {
      text_column<Site>("name", &Site::name),
      text_column<Site>("region", &Site::region),
      text_column<Site>("owner", &Site::owner),
      text_column<Site>("owner_class", &Site::owner_class),
      text_column<Site>("compute_class", &Site::compute_class),
      text_column<Site>("service", &Site::service),
      number_column<Site>("security_level", 0, 0, 5, &Site::security_level),
      text_column<Site>("filing_number", &Site::filing_number),
      text_column<Site>("hub", &Site::hub),
      text_column<Site>("hub_cluster", &Site::hub_cluster),
      text_column<Site>("industry", &Site::industry),
      truth_column("public_compute"),
      number_column<Site>("latitude", kDegreePlaces, -kMostLatitudeUdeg, kMostLatitudeUdeg, &Site::latitude_udeg),
      number_column<Site>("longitude", kDegreePlaces, -kMostLongitudeUdeg, kMostLongitudeUdeg, &Site::longitude_udeg),
      number_column<Site>("pue", kPermillePlaces, kLeastPuePermille, kMostPuePermille, &Site::pue_permille),
      number_column<Site>("green_share", 0, 0, kMostGreenPermille, &Site::green_share_permille),
  };
  for (std::size_t i = 0; i < kDeclaredCount; ++i) all.push_back(declared_column(i));
  return all;
}

const std::vector<Column<Owner>>& owner_columns() {
  static const std::vector<Column<Owner>> all = {text_column<Owner>("name", &Owner::name),
                                                 text_column<Owner>("owner_class", &Owner::owner_class)};
  return all;
}
const std::vector<Column<Site>>& site_columns() {
  static const std::vector<Column<Site>> all = make_site_columns();
  return all;
}
const std::vector<Column<NamedPool>>& pool_columns() {
  static const std::vector<Column<NamedPool>> all = {text_column<NamedPool>("site", &NamedPool::site),
                                                     text_column<NamedPool>(
                                                         "name", [](auto& record) -> auto& { return record.pool.name; }),
                                                     text_column<NamedPool>(
                                                         "compute_class", [](auto& record) -> auto& { return record.pool.compute_class; })};
  return all;
}
const std::vector<Column<NamedLink>>& link_columns() {
  static const std::vector<Column<NamedLink>> all = {
      text_column<NamedLink>(
          "name", [](auto& record) -> auto& { return record.link.name; }),
      text_column<NamedLink>("from", &NamedLink::from),
      text_column<NamedLink>("to", &NamedLink::to),
      number_column<NamedLink>(
          "gbps", 0, 1, kMostGbps, [](auto& record) -> auto& { return record.link.gbps; }),
      number_column<NamedLink>(
          "km", 0, 0, kMostKm, [](auto& record) -> auto& { return record.link.km; }),
      number_column<NamedLink>(
          "ms", kPermillePlaces, 0, kMostLatencyUs, [](auto& record) -> auto& { return record.link.latency_us; })};
  return all;
}

template <class Record>
std::optional<Column<Record>> find_column(const std::vector<Column<Record>>& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &Column<Record>::name);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

template <class Record>
std::vector<std::string> names_of(const std::vector<Column<Record>>& all) {
  std::vector<std::string> names;
  for (const auto& column : all) names.push_back(column.name);
  return names;
}

}  // namespace

std::vector<std::string> column_names(RecordKind kind) {
  switch (kind) {
    case RecordKind::kOwners: return names_of(owner_columns());
    case RecordKind::kSites: return names_of(site_columns());
    case RecordKind::kPools: return names_of(pool_columns());
    case RecordKind::kLinks: break;
  }
  return names_of(link_columns());
}

std::optional<Column<Owner>> owner_column(std::string_view name) {
  return find_column(owner_columns(), name);
}
std::optional<Column<Site>> site_column(std::string_view name) {
  const std::string models = std::string(kDeclaredPrefix) + kDeclaredModels + ".";
  if (name.starts_with(models) && name.size() > models.size())
    return model_column(std::string(name), std::string(name.substr(models.size())));
  return find_column(site_columns(), name);
}
std::optional<Column<NamedPool>> pool_column(std::string_view name) {
  return find_column(pool_columns(), name);
}
std::optional<Column<NamedLink>> link_column(std::string_view name) {
  return find_column(link_columns(), name);
}

std::string record_key(const Owner& owner) {
  return owner.name;
}
std::string record_key(const Site& site) {
  return site.name;
}
std::string record_key(const NamedPool& pool) {
  return pool.site + "\n" + pool.pool.name;
}
std::string record_key(const NamedLink& link) {
  return link.link.name;
}

Result<Done> validate_record(const Owner& owner) {
  return validate_owner(owner);
}
Result<Done> validate_record(const Site& site) {
  return validate_site(site);
}
Result<Done> validate_record(const NamedPool& pool) {
  Site like;
  like.name = pool.pool.name;
  like.compute_class = pool.pool.compute_class;
  return validate_site(like);
}
Result<Done> validate_record(const NamedLink& link) {
  return validate_link(link.link);
}

Result<Done> check_column(RecordKind kind, std::string_view name) {
  const bool known = kind == RecordKind::kOwners  ? owner_column(name).has_value()
                     : kind == RecordKind::kSites ? site_column(name).has_value()
                     : kind == RecordKind::kPools ? pool_column(name).has_value()
                                                  : link_column(name).has_value();
  if (known) return Done{};
  std::string words;
  for (const auto& word : column_names(kind)) words += (words.empty() ? "" : ", ") + word;
  if (kind == RecordKind::kSites) words += std::string(", ") + std::string(kDeclaredPrefix) + kDeclaredModels + ".MODEL";
  return Error{ErrorCode::kMalformed,
               "no column of " + std::string(kRecordKindNames[static_cast<std::size_t>(kind)]) + " is called that; they are " + words};
}

}  // namespace capmap
