// Sites and devices as NetBox exports them: CSV of a list, or JSON of its API.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/utf8.hpp"
#include "controller/ctl/delimited.hpp"
#include "controller/ctl/foreign.hpp"
#include "controller/ctl/json_items.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = nlohmann::json;

constexpr CsvLimits kLimits = {.text_bytes = ImportFile::kMostBytes, .rows = kMaxForeignNodes, .columns = 500, .cell_bytes = 64 << 10};
/// What is installed, running or not.
constexpr std::array kInstalled = {"active", "offline", "staged", "failed", ""};

struct Device {
  std::size_t line = 0;
  std::string name, site, pool, role, role_slug, status;
};

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

void take_device(ForeignRecords& out, const ForeignOptions& options, const Device& device) {
  if (!is_server_role(device.role, options) && !is_server_role(device.role_slug, options)) {
    ++out.left_out["their role is " + (device.role.empty() ? "not told" : device.role.substr(0, 60)) + ", none of --role"];
    return;
  }
  if (std::ranges::find(kInstalled, lower(device.status)) == kInstalled.end()) {
    ++out.left_out["their status is " + device.status.substr(0, 60)];
    return;
  }
  add_nodes(out, {.line = device.line,
                  .site = options.site.empty() ? device.site : options.site,
                  .pool = device.pool,
                  .packages = {},
                  .cores = {},
                  .memory_bytes = {},
                  .accelerators = {},
                  .by_model = {}});
}

void take_site(ForeignRecords& out, ForeignSite site, const std::string& status) {
  if (site.name.empty()) return out.fault(site.line, "name: is missing");
  if (lower(status) == "retired") return;
  out.sites.push_back(std::move(site));
}

void read_csv(std::string_view text, const ForeignOptions& options, ForeignRecords& out) {
  std::vector<CsvFault> faults;
  const auto table = parse_delimited(text, kLimits, ImportFile::kMostFaults, faults);
  for (auto& fault : faults) out.fault(fault.line, std::move(fault.why));
  const bool devices = has_title(table, {"device_type", "type"}) && has_title(table, {"role", "device_role"});
  if (!has_title(table, {"name"}) || (!devices && !has_title(table, {"facility", "asns", "time_zone", "latitude", "physical_address"}))) {
    return out.fault(1, "has the titles of neither devices (name, role, type, site) nor sites (name, facility, latitude) of NetBox");
  }
  for (const auto& row : table.rows) {
    const auto cell = [&](std::initializer_list<std::string_view> titles) { return std::string(cell_below(table, row, titles)); };
    if (!std::ranges::all_of(row.cells, is_utf8)) {
      out.fault(row.line, "is not UTF-8: save the file as UTF-8");
    } else if (devices) {
      const auto role = cell({"role", "device_role"});
      take_device(out, options,
                  {.line = row.line,
                   .name = cell({"name"}),
                   .site = cell({"site"}),
                   .pool = cell({"cluster"}),
                   .role = role,
                   .role_slug = role,
                   .status = cell({"status"})});
    } else {
      take_site(out, {.line = row.line, .name = cell({"name"}), .latitude = cell({"latitude"}), .longitude = cell({"longitude"})},
                cell({"status"}));
    }
  }
}

const Json* member(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

/// A member that is a text, or an object with a name (brief form of the API), or with a value (a choice).
std::string word(const Json& object, const char* name, const char* part = "name") {
  const Json* value = member(object, name);
  if (value != nullptr && value->is_object()) value = member(*value, part);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

/// Coordinates are numbers or decimal texts; of what has an exponent nothing is kept.
std::string decimal(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr) return {};
  auto text = value->is_string() ? value->get<std::string>() : value->is_number() ? value->dump() : std::string();
  if (const auto point = text.find('.'); point != std::string::npos && text.size() > point + 7) text.resize(point + 7);
  return text;
}

void read_json(std::string_view text, const ForeignOptions& options, ForeignRecords& out) {
  const auto items = json_items(text, "results");
  if (!items) {
    const auto& what = items.error().what;
    return out.fault(static_cast<std::size_t>(std::max(1, std::atoi(what.c_str()))), what.substr(what.find(": ") + 2));
  }
  for (const auto& item : *items) {
    const Json entry = Json::parse(item.text, nullptr, false);
    if (!entry.is_object()) {
      out.fault(item.line, "is no object: its JSON does not parse");
      continue;
    }
    const bool old_role = entry.contains("device_role");
    if (entry.contains("device_type")) {
      const char* role = old_role && !entry.contains("role") ? "device_role" : "role";
      take_device(out, options,
                  {.line = item.line,
                   .name = word(entry, "name"),
                   .site = word(entry, "site"),
                   .pool = word(entry, "cluster"),
                   .role = word(entry, role),
                   .role_slug = word(entry, role, "slug"),
                   .status = word(entry, "status", "value")});
    } else if (entry.contains("slug") && entry.contains("name")) {
      take_site(out,
                {.line = item.line,
                 .name = word(entry, "name"),
                 .latitude = decimal(entry, "latitude"),
                 .longitude = decimal(entry, "longitude")},
                word(entry, "status", "value"));
    } else {
      out.fault(item.line, "is neither a device nor a site of NetBox");
    }
  }
}

}  // namespace

ForeignRecords read_netbox(std::string_view text, const ForeignOptions& options) {
  ForeignRecords records;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto begin = text.find_first_not_of(" \t\r\n");
  const bool json = begin != std::string_view::npos && (text[begin] == '{' || text[begin] == '[');
  json ? read_json(text, options, records) : read_csv(text, options, records);
  return records;
}

}  // namespace capmap
