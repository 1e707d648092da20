// What an admin changes of what is declared of one site.
#include <algorithm>
#include <string>
#include <utility>

#include "common/join_token.hpp"
#include "common/region_table.hpp"
#include "controller/admission.hpp"
#include "controller/import_plan.hpp"

namespace capmap {
namespace {

using End = SiteEdited::End;

/// An error: the store failed. A value: why what is asked for cannot be; absent: it can.
using Judged = Result<std::optional<Error>>;
std::optional<Error> refused(std::string what, ErrorCode code = ErrorCode::kMalformed) {
  return Error{code, std::move(what)};
}

bool says(const EditSite& request, std::string_view column) {
  return std::ranges::any_of(request.texts, [column](const auto& text) { return text.first == column; });
}

std::optional<Error> put_texts(const EditSite& request, Site& site) {
  for (const auto& [name, text] : request.texts) {
    const auto column = site_column(name);
    if (!column) return refused(name + ": " + check_column(RecordKind::kSites, name).error().what);
    if (auto set = column->set(site, text); !set) return refused(name + ": " + set.error().what);
  }
  if (auto valid = validate_site(site); !valid) return valid.error();
  return std::nullopt;
}

/// A site has its owner's class; one that had it from its owner and says nothing else follows it to another one.
Judged follow_owner(Store& store, const EditSite& request, const Site& before, Site& site) {
  if (!says(request, "owner_class") && !before.owner.empty()) {
    const auto owner = store.find_owner(before.owner);
    if (!owner) return owner.error();
    if (*owner && (*owner)->owner_class == before.owner_class) site.owner_class.clear();
  }
  if (site.owner.empty()) return std::optional<Error>();
  const auto owner = store.find_owner(site.owner);
  if (!owner) return owner.error();
  if (!*owner) return refused("owner: no owner is called \"" + site.owner + "\"; see capmapctl owners");
  auto owner_class = owner_class_of(site, **owner);
  if (!owner_class) return refused(owner_class.error().what);
  site.owner_class = std::move(*owner_class);
  return std::optional<Error>();
}

/// What only the store and the list of regions can tell.
Judged judge(Store& store, const EditSite& request, const Site& before, Site& site) {
  if (auto wrong = put_texts(request, site)) return wrong;
  if (site.name != before.name) {
    const auto there = store.find_site(site.name);
    if (!there) return there.error();
    if (*there) return refused("name: a site \"" + site.name + "\" is already there", ErrorCode::kDenied);
  }
  if (request.regions && site.region != before.region && !site.region.empty()) {
    if (auto known = request.regions->check_code(site.region); !known) return std::optional(known.error());
  }
  return follow_owner(store, request, before, site);
}

std::string digest_of(const Site& site, const std::vector<FieldChange>& changes) {
  std::string all = to_text(site.id) + "\n";
  for (const auto& change : changes) all.append(change.column).append("\t").append(change.before + "\t" + change.after + "\n");
  return secret_hash(all);
}

}  // namespace

Result<Change> carry_out(Store& store, const EditSite& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto found = store.find_site(request.site);
  if (!found) return found.error();
  if (!*found) return Change{Error{ErrorCode::kAbsent, "no site is called \"" + request.site + "\"; see capmapctl sites list"}};
  Planned<Site> planned{.before = **found, .after = **found, .row = {}};
  const auto judged = judge(store, request, *planned.before, planned.after);
  if (!judged) return judged.error();
  if (*judged) return Change{**judged};
  SiteEdited edited{.site = planned.after, .changes = changes_of(planned), .digest = {}};
  edited.digest = digest_of(edited.site, edited.changes);
  if (request.dry_run) return Change{std::move(edited)};
  if (!request.expect.empty() && request.expect != edited.digest) {
    edited.end = End::kOtherThanShown;
    return Change{std::move(edited)};
  }
  edited.end = End::kApplied;
  if (edited.changes.empty()) return Change{std::move(edited)};
  if (auto put = store.put_site(edited.site); !put) return put.error();
  if (auto put = store.add_audit({.at_unix_ms = now_unix_ms,
                                  .who = "admin",
                                  .what = "site_changed",
                                  .subject = to_text(edited.site.id),
                                  .detail = short_text(edited.changes)});
      !put) {
    return put.error();
  }
  return Change{std::move(edited)};
}

}  // namespace capmap
