#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::size_t kLabelWidth = 19;
constexpr std::size_t kMostMembers = 200;  ///< of a record, shown one a line

std::string words_of(std::string name) {
  for (auto& c : name) c = c == '_' ? ' ' : c;
  return name;
}

/// Texts, numbers and lists of texts; what holds more has a place of its own, which href names.
std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer() || value.is_boolean()) return value.dump();
  std::string list;
  if (value.is_array()) {
    for (const Json& each : value) {
      if (each.is_string()) list += (list.empty() ? "" : ", ") + each.get<std::string>();
    }
  }
  return list;
}

/// The record's plain members, those of the objects in it behind their names.
std::string record_lines(const Json& record) {
  std::string text;
  std::size_t lines = 0;
  const auto add = [&](const std::string& name, const Json& value) {
    const auto said = value_text(value);
    if (!said.empty() && ++lines <= kMostMembers) text += labelled(words_of(name), said, kLabelWidth);
  };
  for (const auto& [name, value] : record.items()) {
    if (name == "id") continue;
    if (!value.is_object()) add(name, value);
    if (!value.is_object()) continue;
    for (const auto& [inner, part] : value.items()) add(name + " " + inner, part);
  }
  return text;
}

}  // namespace

std::string resolved_text(const Json& answer, const TableLook& look) {
  const auto line = [&answer](const char* label, const char* key) {
    return labelled(label, text_at(answer, key).value_or("unknown"), kLabelWidth);
  };
  std::string text = line("id", "id") + line("kind", "kind") + line("owner", "owner");
  if (text_at(answer, "href")) text += line("read on", "href");
  const Json& record = object_at(answer, "record");
  if (record.empty()) return text;
  return text + (text_at(answer, "kind") == "node" ? "\n" + node_text(record, look) : record_lines(record));
}

Result<Done> resolve_id(const ApiConnection& connection, const Screen& screen, const std::string& id) {
  const auto answer = api_get(connection, "/v1/resolve/" + url_escaped(id));
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : resolved_text(*answer, screen.look));
  return Done{};
}

}  // namespace capmap
