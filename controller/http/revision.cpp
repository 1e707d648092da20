#include "controller/http/json.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

/// Tags are compared weakly: with or without W/ in front.
std::string_view opaque(std::string_view tag) {
  while (tag.starts_with(' ')) tag.remove_prefix(1);
  while (tag.ends_with(' ')) tag.remove_suffix(1);
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

}  // namespace

std::string revision_etag(const MapView& view) {
  return "W/\"" + hex_text(view.epoch) + "-" + std::to_string(view.revision) + "\"";
}

std::optional<HttpResponse> not_modified(const Call& call, const std::string& etag) {
  auto list = header(call.request, "if-none-match").value_or("");
  while (!list.empty()) {
    const auto tag = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), tag.size() + 1));
    if (opaque(tag) == opaque(etag) || opaque(tag) == "*") {
      return HttpResponse{.status = 304, .content_type = {}, .body = {}, .headers = {{"ETag", etag}}};
    }
  }
  return std::nullopt;
}

}  // namespace capmap
