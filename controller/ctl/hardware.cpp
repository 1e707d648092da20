#include "controller/ctl/hardware.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/pages.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

std::string devices_text(const Json& row, const char* list) {
  std::string text;
  for (const Json& device : list_at(row, list)) {
    const auto what =
        text_at(device, "model") ? text_at(device, "model") : text_at(device, list == std::string_view("nics") ? "type" : "media");
    text += (text.empty() ? "" : ", ") + count_text(number_at(device, "count").value_or(1)) + " x " + what.value_or("unknown");
  }
  return text;
}

/// Most nodes first, as many as are wanted.
std::vector<Json> by_nodes(const Json& answer, std::size_t most) {
  std::vector<Json> rows;
  for (const Json& row : list_at(answer, "hardware")) rows.push_back(row);
  std::ranges::stable_sort(rows, std::greater<>{},
                           [](const Json& row) { return number_at(object_at(row, "nodes"), "installed").value_or(0); });
  rows.resize(std::min(rows.size(), most));
  return rows;
}

std::string or_unknown(const std::optional<std::uint64_t>& number) {
  return number ? count_text(*number) : "unknown";
}

}  // namespace

std::string hardware_text(const Json& answer, std::size_t most, bool terminal) {
  using enum TextTable::Align;
  TextTable table(
      {{"NODES"}, {"SITES"}, {"CPU", kLeft}, {"PKG"}, {"CORES"}, {"MEMORY"}, {"ACCELERATORS", kLeft}, {"FP64"}, {"ID", kLeft, true}});
  for (const Json& row : by_nodes(answer, most)) {
    const Json& cpu = object_at(row, "cpu");
    const auto bytes = amount_at(row, "memory_bytes"), peak = amount_at(object_at(object_at(row, "peak"), "cpu"), "fp64_mflops");
    table.add({or_unknown(number_at(object_at(row, "nodes"), "installed")), or_unknown(number_at(row, "sites")),
               text_at(cpu, "model").value_or("unknown"), or_unknown(number_at(cpu, "packages")), or_unknown(number_at(cpu, "cores")),
               bytes ? memory_text(*bytes) : "unknown", devices_text(row, "accelerators"), peak ? flops_text(*peak) : "unrated",
               text_at(row, "id").value_or("unknown")});
  }
  const auto count = number_at(answer, "hardware_count").value_or(0), unknown = number_at(answer, "hardware_unknown_nodes").value_or(0);
  std::string text = table.text(terminal) + plural(count, "kind") + " of server; FP64 is of the processors of one\n";
  if (unknown > 0) text += "hardware of " + plural(unknown, "node") + " is not known\n";
  return text;
}

Result<Done> list_hardware(const ApiConnection& connection, const Screen& screen, const HardwareQuestion& question) {
  std::string path = "/v1/hardware?limit=1000";
  if (!question.filter.empty()) path += "&filter=" + url_escaped(question.filter);
  if (question.csv) return api_print_csv(connection, path, screen.out);
  const auto answer = api_get_pages(connection, path, "hardware");
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << hardware_text(*answer, question.limit, screen.terminal);
  }
  return Done{};
}

}  // namespace capmap
