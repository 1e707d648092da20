// What sites declare beside what is installed, as text.
#include <nlohmann/json.hpp>
#include <string_view>

#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/map_groups.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/map/declared.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

UnitText unit_of(std::size_t figure) {
  if (figure >= kFirstDeclaredPeak) return std::string_view(kDeclaredNames[figure]).starts_with("peak_int") ? ops_text : flops_text;
  switch (static_cast<Declared>(figure)) {
    case Declared::kMemoryBytes: return memory_text;
    case Declared::kStorageBytes: return storage_text;
    case Declared::kPowerWatts: return watts_text;
    default: return count_text;
  }
}

/// "memory", "peak fp16": the unit is told by the figure.
std::string label_of(std::size_t figure) {
  std::string_view name = kDeclaredNames[figure];
  for (const std::string_view unit : {"_bytes", "_watts", "_mflops"}) {
    if (name.ends_with(unit)) name.remove_suffix(unit.size());
  }
  std::string label(name);
  if (label.starts_with("peak_")) label[4] = ' ';
  return label;
}

/// Signed, and a number or its digits.
std::string difference_text(const Json& sum, UnitText unit) {
  const auto found = sum.find("difference");
  if (found == sum.end() || found->is_null()) return "–";
  std::string digits = found->is_string() ? found->get<std::string>() : found->is_number_integer() ? found->dump() : std::string();
  const bool less = digits.starts_with('-');
  const auto size = parse_wide(less ? digits.substr(1) : digits);
  if (!size) return "unknown";
  return (*size == 0 ? "" : less ? "-" : "+") + unit(*size);
}

std::vector<std::string> sum_cells(const Json& declared, const char* name, UnitText unit) {
  const Json& sum = object_at(declared, name);
  if (sum.empty()) return {"not declared", "–", "–", ""};
  const auto amount = [&](const char* member) {
    const auto value = amount_at(sum, member);
    return value ? unit(*value) : std::string("–");
  };
  std::string note;
  const auto missing = number_at(sum, "sites_not_declared").value_or(0);
  if (missing > 0) note = "not declared by " + plural(missing, "site");
  const auto complete = sum.find("installed_complete");
  if (amount_at(sum, "installed") && complete != sum.end() && complete->is_boolean() && !complete->get<bool>()) {
    note += std::string(note.empty() ? "" : "; ") + "some of what is installed is not known";
  }
  if (const auto beyond = number_at(sum, "sites_beyond").value_or(0); beyond > 0) {
    note += std::string(note.empty() ? "" : "; ") + plural(beyond, "site") + " with " + amount("beyond") + " more than declared";
  }
  return {amount("declared"), amount("installed"), difference_text(sum, unit), note};
}

void add_rows(TextTable& table, const Json& declared, const std::string& key) {
  const auto add = [&](const std::string& label, const Json& of, const char* name, UnitText unit) {
    std::vector<std::string> cells = {label};
    if (!key.empty()) cells.insert(cells.begin(), key);
    for (auto& cell : sum_cells(of, name, unit)) cells.push_back(std::move(cell));
    table.add(cells);
  };
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    if (!object_at(declared, kDeclaredNames[i]).empty()) add(label_of(i), declared, kDeclaredNames[i], unit_of(i));
  }
  const Json& models = object_at(declared, kDeclaredModels);
  for (const auto& [model, sum] : models.items()) add("  " + model, models, model.c_str(), count_text);
}

}  // namespace

std::string declared_tables(const Json& answer, const TableLook& look) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns = {
      {"FIGURE", Align::kLeft, true}, {"DECLARED"}, {"INSTALLED"}, {"DIFFERENCE"}, {"NOTE", Align::kLeft}};
  const bool grouped = !list_at(answer, "by").empty();
  if (grouped) columns.insert(columns.begin(), TextTable::Column{"GROUP", Align::kLeft});
  TextTable table(columns);
  for (const Json& group : list_at(answer, "groups")) {
    if (grouped) add_rows(table, object_at(group, "declared"), group_key_text(answer, group));
  }
  const Json& total = object_at(object_at(answer, "total"), "declared");
  add_rows(table, total, grouped ? "total" : "");
  std::string text = table.text(look);
  if (const auto why = text_at(answer, "declared_why")) text += printable(*why) + "\n";
  return text + "declared and installed are of the sites that declared the figure, of " + plural(count_at(total, "sites"), "site") +
         "; the difference is what is installed less what is declared\n";
}

}  // namespace capmap
