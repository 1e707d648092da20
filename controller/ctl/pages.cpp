#include "controller/ctl/pages.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>
#include <utility>

#include "controller/ctl/http_client.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxPages = 1'000, kMaxRestarts = 5;

}  // namespace

Result<ApiJson> api_get_pages(const ApiConnection& connection, const std::string& path, const char* list) {
  ApiJson all, entries = ApiJson::array();
  std::string cursor;
  for (std::size_t page = 0, restarts = 0; page < kMaxPages; ++page) {
    const auto answer = api_get(connection, cursor.empty() ? path : path + "&cursor=" + url_escaped(cursor));
    if (!answer) return answer.error();
    if (!cursor.empty() && number_at(*answer, "revision") != number_at(all, "revision") && ++restarts <= kMaxRestarts) {
      cursor.clear();
      continue;
    }
    if (cursor.empty()) {
      all = *answer;
      entries.clear();
    }
    for (const ApiJson& entry : list_at(*answer, list)) entries.push_back(entry);
    const auto next = text_at(*answer, "next");
    if (!next || *next == cursor) break;
    cursor = *next;
  }
  if (all.is_object()) {
    all[list] = std::move(entries);
    all["next"] = nullptr;
  }
  return all;
}

Result<Done> api_print_csv(const ApiConnection& connection, const std::string& path, std::ostream& out) {
  std::string next = path;
  for (std::size_t page = 0; page < kMaxPages && !next.empty(); ++page) {
    const auto asked = next;
    const auto text = api_get_csv_page(connection, asked, next);
    if (!text) return text.error();
    // Titles have no line end in them.
    const auto titles = page == 0 ? 0 : std::min(text->find('\n'), text->size() - 1) + 1;
    out << std::string_view(*text).substr(text->empty() ? 0 : titles);
    if (next == asked) break;
  }
  return Done{};
}

}  // namespace capmap
