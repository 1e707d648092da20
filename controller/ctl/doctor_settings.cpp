// What a controller's settings file says of places and ports.
#define TOML_EXCEPTIONS 0
// Its assertions fail on broken values that it refuses all the same: with and without NDEBUG it is to do what it does with.
#define TOML_ASSERT(expr) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>

#include "common/config_check.hpp"
#include "controller/ctl/doctor.hpp"
#include "controller/store/files.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20, kMostFiles = 16;

void take_port(const toml::table& table, const char* place, std::uint16_t& port) {
  const auto value = table.at_path(place).value<std::int64_t>();
  if (value && *value >= 0 && *value <= 65'535) port = static_cast<std::uint16_t>(*value);
}

void take_text(const toml::table& table, const char* place, std::string& text) {
  if (const auto value = table.at_path(place).value<std::string>()) text = *value;
}

/// Files of TLS by what their keys are called: "certificate", "key", in whatever table they stand.
void take_files(const toml::table& table, ControllerPlaces& places) {
  for (const auto& [key, node] : table) {
    if (const auto* inner = node.as_table()) {
      for (const auto& [name, value] : *inner) {
        const auto text = value.value<std::string>();
        if (!text || !text->starts_with('/')) continue;
        const bool secret = name.str().find("key") != std::string_view::npos, open = name.str().find("cert") != std::string_view::npos;
        auto& list = secret ? places.private_keys : places.certificates;
        if ((secret || open) && list.size() < kMostFiles) list.push_back(*text);
      }
    }
  }
}

}  // namespace

Result<ControllerPlaces> read_controller_places(const std::string& file, ControllerPlaces fallback) {
  const auto text = read_whole_file(file, kMaxFileBytes);
  if (!text && text.error().code == ErrorCode::kAbsent) return fallback;
  if (!text) return text.error();
  if (const auto wrong = mistake_in_toml(*text)) return Error{ErrorCode::kMalformed, file + ":" + *wrong};
  const toml::parse_result parsed = toml::parse(*text);
  if (!parsed) {
    return Error{ErrorCode::kMalformed,
                 file + ":" + std::to_string(parsed.error().source().begin.line) + ": " + std::string(parsed.error().description())};
  }
  const auto& table = parsed.table();
  take_text(table, "state", fallback.state);
  take_text(table, "http.address", fallback.http_address);
  take_port(table, "http.port", fallback.http_port);
  take_port(table, "messages.port", fallback.message_port);
  take_port(table, "enrol.port", fallback.enrol_port);
  const auto most = table.at_path("messages.most_connections").value<std::int64_t>();
  if (most && *most > 0) fallback.most_connections = static_cast<std::uint64_t>(*most);
  take_files(table, fallback);
  return fallback;
}

}  // namespace capmap
