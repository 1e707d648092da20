#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "common/precision.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/map_groups.hpp"
#include "controller/ctl/pages.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;
using Align = TextTable::Align;

constexpr std::array<const char*, 3> kHeadlinePrecisions = {"fp64", "fp32", "fp16"};

std::string head_lines(const Json& answer) {
  std::string lines;
  if (const Json& resyncing = object_at(answer, "resyncing"); !resyncing.empty()) {
    lines +=
        "resyncing: " + count_text(count_at(resyncing, "heard")) + " of " + count_text(count_at(resyncing, "known")) + " known nodes\n\n";
  }
  lines += "map";
  if (const auto at = text_at(answer, "at")) lines += " of " + printable(*at);
  if (const auto at = number_at(answer, "at")) lines += " of " + utc_text(*at);
  if (const auto as_of = text_at(answer, "as_of")) lines += ", as of " + printable(*as_of);
  if (number_at(answer, "revision")) lines += ", revision " + count_text(count_at(answer, "revision"));
  if (const auto age = number_at(answer, "age_ms")) lines += ", " + age_text(*age) + " old";
  lines += ", chip table " + printable(text_at(answer, "chips").value_or(text_at(answer, "catalog").value_or("unknown"))) + "\n";
  if (const Json& hole = object_at(answer, "hole"); !hole.empty()) {
    lines += "nothing is known from " + printable(text_at(hole, "from").value_or("?")) + " to " +
             printable(text_at(hole, "until").value_or("?")) + ": the controller was not running, or had not heard its nodes\n";
  }
  return lines;
}

/// Joins the parts that are not empty.
std::string note(std::initializer_list<std::string> parts) {
  std::string text;
  for (const auto& part : parts) {
    if (!part.empty() && !text.empty()) text += "; ";
    text += part;
  }
  return text;
}

/// "size unknown on 2 nodes"; empty for none.
std::string counted(const std::string& what, std::uint64_t count, const char* thing) {
  return count == 0 ? std::string() : what + " " + plural(count, thing);
}

void add_node_rows(TextTable& table, const Json& nodes) {
  table.add({"nodes", count_text(count_at(nodes, "installed"))});
  for (const char* kind : {"healthy", "available"}) table.add({"  " + std::string(kind), count_text(count_at(nodes, kind))});
  for (const char* kind : {"fresh", "stale", "lost", "resyncing"}) {
    if (const auto count = count_at(nodes, kind); count > 0) table.add({"  " + std::string(kind), count_text(count)});
  }
  if (const auto count = count_at(nodes, "hardware_unknown"); count > 0) {
    table.add({"  hardware unknown", count_text(count), "", "", "in no figure below"});
  }
}

void add_compute_rows(TextTable& table, const Json& group) {
  const Json& cpu = object_at(group, "cpu");
  const Json& memory = object_at(group, "memory");
  const auto cpu_count = [&group](const char* member) { return installed_text(group, "cpu", member, "", count_text); };
  table.add({"cpu packages", cpu_count("packages")});
  table.add({"cpu cores", cpu_count("cores")});
  table.add({"cpu PUs", cpu_count("pus"), use_text(group, "cpu", "busy_millicores", cores_text),
             use_text(group, "cpu", "free_millicores", cores_text), counted("use unknown on", count_at(cpu, "use_unknown_nodes"), "node")});
  table.add({"memory", installed_text(group, "memory", "installed_bytes", "unknown_nodes", memory_text),
             use_text(group, "memory", "used_bytes", memory_text), use_text(group, "memory", "free_bytes", memory_text),
             note({counted("size unknown on", count_at(memory, "unknown_nodes"), "node"),
                   counted("use unknown on", count_at(memory, "use_unknown_nodes"), "node")})});
}

void add_device_rows(TextTable& table, const Json& group) {
  const Json& accelerators = object_at(group, "accelerators");
  table.add({"accelerators", installed_text(group, "accelerators", "installed", "", count_text), accelerator_use_text(group, "used"),
             accelerator_use_text(group, "free"), counted("use unknown of", count_at(accelerators, "use_unknown"), "device")});
  for (const auto& [model, counts] : object_at(accelerators, "by_model").items()) {
    const auto count = [&of = counts](const char* member) {
      const auto number = number_at(of, member);
      return number ? count_text(*number) : std::string("unknown");
    };
    table.add({"  " + model, count("installed"), count("used"), count("free")});
  }
  const Json& storage = object_at(group, "storage");
  table.add({"storage", installed_text(group, "storage", "installed_bytes", "unknown_disks", storage_text),
             use_text(group, "storage", "used_bytes", storage_text), use_text(group, "storage", "free_bytes", storage_text),
             note({number_at(storage, "advanced_permille") ? share_at(storage, "advanced_permille") + " of it flash" : std::string(),
                   counted("size unknown of", count_at(storage, "unknown_disks"), "disk"),
                   counted("use unknown on", count_at(storage, "use_unknown_nodes"), "node")})});
  for (const auto& [media, bytes] : object_at(storage, "by_media").items()) {
    const auto amount = amount_at(object_at(storage, "by_media"), media.c_str());
    if (amount && *amount > 0) table.add({media == "unknown" ? "  media unknown" : "  " + media, storage_text(*amount)});
  }
  const Json& network = object_at(group, "network");
  table.add(
      {"network", installed_text(group, "network", "speed_mbps", "speed_unknown", bandwidth_text), "", "",
       note({counted("over", count_at(network, "nics"), "NIC"), counted("speed unknown of", count_at(network, "speed_unknown"), "NIC")})});
}

/// The nodes that measure their power; nothing is said where none does.
void add_power_row(TextTable& table, const Json& group) {
  const Json& power = object_at(group, "power");
  const auto watts = amount_at(power, "watts");
  if (!watts) return;
  table.add({"power", "", watts_text(*watts), "", counted("unknown on", count_at(power, "unknown_nodes"), "node")});
}

std::string largest_free(const Json& group) {
  const Json& largest = object_at(group, "largest_free");
  if (count_at(object_at(group, "nodes"), "available") == 0 || largest.empty()) return {};
  return "\non one node alone at least this is free: " + plural(count_at(largest, "cores"), "core") + ", or " +
         count_text(count_at(largest, "memory_gib")) + " GiB, or " + plural(count_at(largest, "accelerators"), "accelerator");
}

std::string capacity_block(const Json& group, const TableLook& look) {
  TextTable table({{.title = "TOTAL", .align = Align::kLeft, .words = true}, {"INSTALLED"}, {"USED"}, {"FREE"}, {"NOTE", Align::kLeft}});
  const Json& nodes = object_at(group, "nodes");
  add_node_rows(table, nodes);
  add_compute_rows(table, group);
  add_device_rows(table, group);
  add_power_row(table, group);
  return table.text(look) + honesty_line(group) + "\nused and free are of " + plural(count_at(nodes, "available"), "available node") +
         largest_free(group) + "\n";
}

/// Precisions worth a row: the headlines always, the others where a part offers them.
bool shows_precision(const Json& group, const std::string& precision) {
  return std::ranges::find(kHeadlinePrecisions, precision) != kHeadlinePrecisions.end() || has_peak(group, precision);
}

std::string peak_note(const Json& group, const std::string& cpu, const std::string& accelerators) {
  return note({cpu == "unrated" ? "cpu: " + unrated_reason(group, "cpu") : "",
               accelerators == "unrated" ? "accelerators: " + unrated_reason(group, "accelerators") : ""});
}

std::string peak_block(const Json& group, const TableLook& look) {
  TextTable table({{"PEAK (dense, nominal)", Align::kLeft}, {"CPU"}, {"ACCELERATORS"}, {"OF THEM FREE"}, {"NOTE", Align::kLeft}});
  for (const std::string precision : kPrecisionNames) {
    if (!shows_precision(group, precision)) continue;
    const std::string cpu = peak_text(group, "cpu", precision), accelerators = peak_text(group, "accelerators", precision);
    table.add({precision, cpu, accelerators, free_peak_text(group, precision), peak_note(group, cpu, accelerators)});
  }
  return table.text(look) + honesty_line(group) + "\n";
}

std::string unrated_block(const Json& group, const TableLook& look) {
  const Json& unrated = object_at(object_at(group, "peak"), "unrated");
  const Json& reasons = list_at(unrated, "why");
  if (reasons.empty()) return {};
  const std::string text = "\n" + unrated_lines(reasons, look);
  return text + "unrated parts are counted above and in no peak: " + plural(count_at(unrated, "cpu_packages"), "cpu package") + ", " +
         plural(count_at(unrated, "accelerators"), "accelerator") + ", on " + plural(count_at(unrated, "nodes"), "node") + "\n";
}

}  // namespace

std::string map_text(const Json& answer, const TableLook& look) {
  const Json& total = object_at(answer, "total");
  std::string text = head_lines(answer) + "\n";
  if (answer.contains("declared_why")) return text + declared_tables(answer, look);
  if (list_at(answer, "by").empty()) {
    text += capacity_block(total, look) + "\n" + peak_block(total, look);
  } else {
    text += group_tables(answer, look);
  }
  return text + unrated_block(total, look);
}

Result<Json> read_map(const ApiConnection& connection, const MapQuestion& question) {
  std::string path = "/v1/map?by=" + url_escaped(question.by);
  if (!question.measure.empty()) path += "&measure=" + url_escaped(question.measure);
  if (!question.at.empty()) path += "&at=" + url_escaped(question.at);
  if (!question.chips.empty()) path += "&chips=" + url_escaped(question.chips);
  if (!question.filter.empty()) path += "&filter=" + url_escaped(question.filter);
  return api_get_pages(connection, path, "groups");
}

Result<Done> show_map(const ApiConnection& connection, const Screen& screen, const MapQuestion& question) {
  const auto answer = read_map(connection, question);
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : map_text(*answer, screen.look));
  return Done{};
}

}  // namespace capmap
