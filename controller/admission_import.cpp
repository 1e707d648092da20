// What an admin orders of many records at once: all of it or nothing.
#include <string>
#include <utility>

#include "controller/admission.hpp"
#include "controller/import_plan.hpp"

namespace capmap {
namespace {

using End = ImportOutcome::End;

Result<Done> note(Store& store, std::uint64_t now_unix_ms, const char* what, const std::string& subject, const std::string& detail) {
  return store.add_audit({.at_unix_ms = now_unix_ms, .who = "admin", .what = what, .subject = subject, .detail = detail});
}

/// "sites 3 added, 2 changed; …", of what is changed.
std::string short_text(const ImportOutcome& outcome) {
  std::string text;
  for (std::size_t i = 0; i < kRecordKindNames.size(); ++i) {
    const auto& counts = outcome.counts[i];
    if (counts.added + counts.changed == 0) continue;
    text += (text.empty() ? "" : "; ") + std::string(kRecordKindNames[i]) + " " + std::to_string(counts.added) + " added, " +
            std::to_string(counts.changed) + " changed";
  }
  return text;
}

Result<Done> put_sites(Store& store, const ImportPlan& plan, std::uint64_t now_unix_ms, ImportOutcome& outcome) {
  for (const auto& site : plan.sites.all) {
    if (!site.changes()) continue;
    if (auto put = store.put_site(site.after); !put) return put;
    const auto detail = site.before ? short_text(changes_of(site)) : site.after.name;
    if (auto put = note(store, now_unix_ms, site.before ? "site_changed" : "site_added", to_text(site.after.id), detail); !put) return put;
    outcome.sites.push_back(std::make_shared<const Site>(site.after));
  }
  return Done{};
}

Result<Done> put_all(Store& store, const ImportPlan& plan, std::uint64_t now_unix_ms, ImportOutcome& outcome) {
  bool of_register = false;
  for (const auto& owner : plan.owners.all) {
    if (!owner.changes()) continue;
    of_register = true;
    if (auto put = store.put_owner(owner.after); !put) return put;
  }
  if (auto put = put_sites(store, plan, now_unix_ms, outcome); !put) return put;
  for (const auto& pool : plan.pools.all) {
    if (!pool.changes()) continue;
    if (auto put = store.put_pool(pool.after.pool); !put) return put;
    outcome.pools.push_back(pool.after.pool);
  }
  for (const auto& link : plan.links.all) {
    if (!link.changes()) continue;
    of_register = true;
    if (auto put = store.put_link(link.after.link); !put) return put;
  }
  if (of_register) {
    auto now = store.site_register();
    if (!now) return now.error();
    outcome.site_register = std::make_shared<const SiteRegister>(std::move(*now));
  }
  return note(store, now_unix_ms, "records_imported", outcome.digest.substr(0, 16), short_text(outcome));
}

Change answer(ImportOutcome outcome) {
  return ImportDone{std::make_shared<const ImportOutcome>(std::move(outcome))};
}

}  // namespace

Result<Change> carry_out(Store& store, const ImportRecords& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto body = request.read(request.body);
  if (!body) return Change{body.error()};
  const auto plan = make_import_plan(store, *body, request.regions.get());
  if (!plan) return plan.error();
  ImportOutcome outcome;
  if (plan->fault_count > 0) {
    outcome.end = End::kFaults;
    outcome.faults = plan->faults;
    outcome.fault_count = plan->fault_count;
    return answer(std::move(outcome));
  }
  outcome = outcome_of(*plan);
  if (body->dry_run) return answer(std::move(outcome));
  if (!body->expect.empty() && body->expect != outcome.digest) {
    outcome.end = End::kOtherThanShown;
  } else if (outcome.move_count > 0 && !body->allow_move) {
    outcome.end = End::kMoves;
  } else {
    outcome.end = End::kApplied;
    if (outcome.change_count > 0) {
      if (auto put = put_all(store, *plan, now_unix_ms, outcome); !put) return put.error();
    }
  }
  return answer(std::move(outcome));
}

}  // namespace capmap
