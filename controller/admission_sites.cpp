// What an admin orders of sites.
#include <string>
#include <utility>

#include "controller/admission.hpp"
#include "controller/store/declared_words.hpp"

namespace capmap {
namespace {

/// "nodes=100 cores=6400", for the audit; a text that a person reads, so not all models of a long list.
std::string short_text(const DeclaredCapacity& declared) {
  constexpr std::size_t kMost = 400;
  if (declared.empty()) return "nothing any more";
  std::string text = packed(declared);
  for (auto& c : text) c = c == '\n' ? ' ' : c;
  text.pop_back();
  if (text.size() <= kMost) return text;
  return text.substr(0, text.rfind(' ', kMost)) + " …";
}

}  // namespace

Result<Change> carry_out(Store& store, const AddSite& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  Site site = request.site;
  if (auto valid = validate_site(site); !valid) return Change{valid.error()};
  const auto there = store.find_site(site.name);
  if (!there) return there.error();
  if (*there) return Change{Error{ErrorCode::kDenied, "name: a site \"" + site.name + "\" is already there"}};
  if (!site.owner.empty()) {
    const auto owner = store.find_owner(site.owner);
    if (!owner) return owner.error();
    if (!*owner) return Change{Error{ErrorCode::kMalformed, "owner: no owner is called \"" + site.owner + "\"; see capmapctl owners"}};
    auto owner_class = owner_class_of(site, **owner);
    if (!owner_class) return Change{owner_class.error()};
    site.owner_class = std::move(*owner_class);
  }
  site.id = random_id<SiteId>();
  if (auto put = store.put_site(site); !put) return put.error();
  if (auto put = store.add_audit(
          {.at_unix_ms = now_unix_ms, .who = "admin", .what = "site_added", .subject = to_text(site.id), .detail = site.name});
      !put) {
    return put.error();
  }
  return Change{site};
}

Result<Change> carry_out(Store& store, const DeclareSite& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  if (auto valid = validate_declared(request.declared); !valid) return Change{valid.error()};
  const auto found = store.find_site(request.site);
  if (!found) return found.error();
  if (!*found) return Change{Error{ErrorCode::kAbsent, "no site is called \"" + request.site + "\"; see capmapctl sites list"}};
  Site site = **found;
  site.declared = request.declared;
  if (auto put = store.put_site(site); !put) return put.error();
  if (auto put = store.add_audit({.at_unix_ms = now_unix_ms,
                                  .who = "admin",
                                  .what = "site_declared",
                                  .subject = to_text(site.id),
                                  .detail = short_text(site.declared)});
      !put) {
    return put.error();
  }
  return Change{SiteDeclared{std::move(site)}};
}

}  // namespace capmap
