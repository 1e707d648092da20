#include "controller/http/declared_json.hpp"

#include <nlohmann/json.hpp>

namespace capmap {
namespace {

Json figure_json(std::size_t figure, U128 value) {
  if (is_wide_figure(figure)) return decimal(value);
  return static_cast<std::uint64_t>(value);
}

/// "-12": of two sums below 2^127.
Json difference_json(std::size_t figure, U128 installed, U128 declared) {
  const bool less = installed < declared;
  const auto size = less ? declared - installed : installed - declared;
  if (is_wide_figure(figure)) return (less ? "-" : "") + decimal(size);
  const auto value = static_cast<std::int64_t>(size);
  return less ? -value : value;
}

Json sum_json(std::size_t figure, const DeclaredSum& sum, std::uint64_t sites) {
  if (sum.sites == 0) return nullptr;
  Json out = {{"declared", figure_json(figure, sum.declared)}, {"sites_not_declared", sites - sum.sites}};
  out["installed"] = sum.comparable ? figure_json(figure, sum.installed) : Json(nullptr);
  out["difference"] = sum.comparable ? difference_json(figure, sum.installed, sum.declared) : Json(nullptr);
  out["beyond"] = sum.comparable ? figure_json(figure, sum.beyond) : Json(nullptr);
  out["sites_beyond"] = sum.sites_beyond;
  out["installed_complete"] = sum.comparable && sum.complete;
  return out;
}

}  // namespace

Json declared_json(const DeclaredCapacity& declared) {
  if (declared.empty()) return nullptr;
  Json out = Json::object();
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    if (declared.figures[i]) out[kDeclaredNames[i]] = figure_json(i, *declared.figures[i]);
  }
  for (const auto& [model, count] : declared.accelerators_by_model) out[kDeclaredModels][model] = count;
  return out;
}

Json declared_json(const std::optional<DeclaredGroup>& group) {
  if (!group) return nullptr;
  Json out = {{"sites", group->sites}};
  for (std::size_t i = 0; i < kDeclaredCount; ++i) out[kDeclaredNames[i]] = sum_json(i, group->figures[i], group->sites);
  Json models = Json::object();
  for (const auto& [model, sum] : group->models) {
    models[model] = sum_json(static_cast<std::size_t>(Declared::kAccelerators), sum, group->sites);
  }
  out[kDeclaredModels] = std::move(models);
  return out;
}

std::vector<std::string> declared_members(const std::string& prefix) {
  std::vector<std::string> names;
  for (const char* name : kDeclaredNames) names.push_back(prefix + name);
  names.push_back(prefix + kDeclaredModels + ".*");
  return names;
}

Result<DeclaredCapacity> read_declared(const BodyObject& object, const std::string& prefix) {
  DeclaredCapacity declared;
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    const auto figure = object.amount(prefix + kDeclaredNames[i], most_declared(i));
    if (!figure) return figure.error();
    declared.figures[i] = *figure;
  }
  const std::string models = prefix + kDeclaredModels + ".";
  for (const auto& model : object.names_below(models)) {
    const auto count = object.amount(models + model, kMostDeclaredThings);
    if (!count) return count.error();
    declared.accelerators_by_model[model] = count->value_or(0);
  }
  return declared;
}

}  // namespace capmap
