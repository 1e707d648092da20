// Codes that registries gave a site.
#include <algorithm>
#include <string>
#include <utility>

#include "controller/admission.hpp"
#include "controller/store/site_codes.hpp"

namespace capmap {

Result<Change> carry_out(Store& store, const CodeSite& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  if (auto valid = validate_codes(request.codes); !valid) return Change{valid.error()};
  const auto found = store.find_site(request.site);
  if (!found) return found.error();
  if (!*found) return Change{Error{ErrorCode::kAbsent, "no site is called \"" + request.site + "\"; see capmapctl sites list"}};
  Site site = **found;
  site.codes = request.codes;
  if (auto put = store.put_site(site); !put) return put.error();
  constexpr std::size_t kMostDetail = 400;
  std::string detail = packed(site.codes);
  std::ranges::replace(detail, '\n', ' ');
  if (detail.size() > kMostDetail) detail = detail.substr(0, detail.rfind(' ', kMostDetail)) + " …";
  if (auto put = store.add_audit({.at_unix_ms = now_unix_ms,
                                  .who = "admin",
                                  .what = "site_coded",
                                  .subject = to_text(site.id),
                                  .detail = detail.empty() ? "no codes any more" : detail});
      !put) {
    return put.error();
  }
  return Change{SiteCoded{std::move(site)}};
}

}  // namespace capmap
