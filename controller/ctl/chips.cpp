#include "controller/ctl/chips.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "controller/ctl/pages.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

/// A processor's rate is of a cycle and core, so its unit is none of the peaks'.
std::string rate_text(const Json& chip, const char* precision) {
  const auto rate = amount_at(object_at(chip, "rates"), precision);
  if (!rate) return "–";
  const bool operations = std::string_view(precision).starts_with("int");
  if (text_at(chip, "part") == "cpu") return count_text(*rate) + "/cycle";
  return operations ? ops_text(*rate) : flops_text(*rate);
}

std::string sign_of(const Json& chip) {
  return flag_at(chip, "own") ? "own" : text_at(chip, "confidence").value_or("?");
}

std::string what_is_seen(const Json& chip) {
  const Json& seen = object_at(chip, "seen");
  std::string text = text_at(seen, "model").value_or("unknown model");
  for (const char* key : {"identity", "pci_id"}) {
    if (const auto id = text_at(seen, key)) text += " (" + *id + ")";
  }
  if (const auto bytes = amount_at(seen, "memory_bytes")) text += ", " + memory_text(*bytes);
  return text;
}

std::string names_of(const Json& sites) {
  std::string names;
  std::size_t shown = 0;
  for (const auto& name : list_at(sites, "names")) {
    if (name.is_string()) names += (names.empty() ? "" : ", ") + name.get<std::string>();
    ++shown;
  }
  const auto count = number_at(sites, "count").value_or(shown);
  return count > shown ? names + ", and " + count_text(count - shown) + " more" : names;
}

void print(const Screen& screen, const Json& answer, const std::string& text) {
  screen.out << (screen.json ? answer.dump() + "\n" : text);
}

}  // namespace

std::string chips_text(const Json& answer, bool terminal) {
  using enum TextTable::Align;
  TextTable table({{"PART", kLeft, true},
                   {"NAME", kLeft},
                   {"FP64"},
                   {"FP32"},
                   {"FP16"},
                   {"MEMORY"},
                   {"POWER"},
                   {"TRUST", kLeft, true},
                   {"NODES"},
                   {"PARTS"}});
  for (const Json& chip : list_at(answer, "chips")) {
    const Json& standing = object_at(chip, "standing");
    const auto bytes = amount_at(chip, "memory_bytes"), watts = amount_at(chip, "tdp_watts");
    table.add({text_at(chip, "part").value_or("?"), text_at(chip, "name").value_or("?"), rate_text(chip, "fp64"), rate_text(chip, "fp32"),
               rate_text(chip, "fp16"), bytes ? storage_text(*bytes) : "–", watts ? watts_text(*watts) : "–", sign_of(chip),
               count_text(number_at(standing, "nodes").value_or(0)), count_text(number_at(standing, "parts").value_or(0))});
  }
  return table.text(terminal) + "chip table " + printable(text_at(answer, "catalog").value_or("unknown")) + ", " +
         plural(number_at(answer, "row_count").value_or(0), "row") +
         "; unrated: " + plural(number_at(answer, "unrated_count").value_or(0), "kind") + " (capmapctl chips unrated)\n";
}

std::string unrated_chips_text(const Json& answer, bool terminal) {
  std::vector<const Json*> order;
  for (const Json& chip : list_at(answer, "unrated")) order.push_back(&chip);
  std::ranges::stable_sort(order, std::greater<>{}, [](const Json* chip) { return number_at(*chip, "nodes").value_or(0); });
  if (order.empty())
    return "all that stands on the map is rated by chip table " + printable(text_at(answer, "catalog").value_or("unknown")) + "\n";
  constexpr std::size_t kLabels = 12;
  std::string text;
  for (const auto* chip : order) {
    const auto title = text_at(*chip, "part").value_or("?") + "  " + what_is_seen(*chip);
    text += (terminal ? "\x1b[1m" : "") + printable(title) + (terminal ? "\x1b[0m" : "") + "\n";
    text += labelled("  count",
                     plural(number_at(*chip, "parts").value_or(0), "part") + " on " + plural(number_at(*chip, "nodes").value_or(0), "node"),
                     kLabels);
    text += labelled("  sites", names_of(object_at(*chip, "sites")), kLabels);
    text += labelled("  why", text_at(*chip, "why").value_or("unknown"), kLabels);
    text += labelled("  wanted", text_at(*chip, "would_identify").value_or("nothing that the table could say: see why"), kLabels);
  }
  return text + "capmapctl chips add FILE lays rows of your own over chip table " +
         printable(text_at(answer, "catalog").value_or("unknown")) + "\n";
}

Result<Done> list_chips(const ApiConnection& connection, const Screen& screen, const ChipList& list) {
  std::string path = "/v1/chips?limit=1000";
  if (!list.part.empty()) path += "&part=" + list.part;
  if (list.standing) path += "&standing=true";
  if (list.csv) return api_print_csv(connection, path, screen.out);
  const auto answer = api_get_pages(connection, path, "chips");
  if (!answer) return answer.error();
  print(screen, *answer, chips_text(*answer, screen.terminal));
  return Done{};
}

Result<Done> list_unrated_chips(const ApiConnection& connection, const Screen& screen, bool csv) {
  const std::string path = "/v1/chips/unrated?limit=1000";
  if (csv) return api_print_csv(connection, path, screen.out);
  const auto answer = api_get_pages(connection, path, "unrated");
  if (!answer) return answer.error();
  print(screen, *answer, unrated_chips_text(*answer, screen.terminal));
  return Done{};
}

}  // namespace capmap
