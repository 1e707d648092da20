// What a plan changes, as people read it and as one digest.
#include <set>

#include "common/join_token.hpp"
#include "common/region_table.hpp"
#include "controller/import_plan.hpp"

namespace capmap {
namespace {

template <class Record>
std::vector<Column<Record>> columns_of(RecordKind kind, std::optional<Column<Record>> (*find)(std::string_view)) {
  std::vector<Column<Record>> columns;
  for (const auto& name : column_names(kind)) columns.push_back(*find(name));
  return columns;
}

const std::vector<Column<Site>>& fixed_site_columns() {
  static const auto columns = columns_of<Site>(RecordKind::kSites, site_column);
  return columns;
}

template <class Record>
void compare(const Planned<Record>& planned, const std::vector<Column<Record>>& columns, std::vector<FieldChange>& changes) {
  for (const auto& column : columns) {
    auto before = planned.before ? column.text(*planned.before) : std::string(), after = column.text(planned.after);
    if (before != after) changes.push_back({.column = column.name, .before = std::move(before), .after = std::move(after)});
  }
}

template <class Record>
std::vector<FieldChange> fields_of(const Planned<Record>& planned, const std::vector<Column<Record>>& columns) {
  std::vector<FieldChange> changes;
  compare(planned, columns, changes);
  return changes;
}

std::string shown_name(const Owner& owner) {
  return owner.name;
}
std::string shown_name(const Site& site) {
  return site.name;
}
std::string shown_name(const NamedPool& pool) {
  return pool.site + "/" + pool.pool.name;
}
std::string shown_name(const NamedLink& link) {
  return link.link.name;
}

/// Gathers changes in order: all of them into the digest, the first into the lists.
class Gatherer {
 public:
  template <class Record, class Fields>
  void add_all(const PlannedRecords<Record>& records, RecordKind kind, Fields fields) {
    auto& counts = outcome.counts[static_cast<std::size_t>(kind)];
    for (const auto& planned : records.all) {
      if (!planned.row && !planned.changes()) continue;
      ++(!planned.before ? counts.added : planned.changes() ? counts.changed : counts.unchanged);
      if (!planned.changes()) continue;
      RecordChange change{.kind = kind, .added = !planned.before, .name = shown_name(planned.after), .fields = fields(planned)};
      note(change);
      if (shown_bytes_ > ImportOutcome::kMostChangeBytes || outcome.changes.size() == ImportOutcome::kMostChanges) continue;
      outcome.changes.push_back(std::move(change));
    }
  }
  ImportOutcome finish() {
    outcome.digest = secret_hash(all_);
    return std::move(outcome);
  }

  ImportOutcome outcome;

 private:
  void note(const RecordChange& change) {
    ++outcome.change_count;
    const std::string head = std::string(kRecordKindNames[static_cast<std::size_t>(change.kind)]) + "\t" + change.name + "\t";
    const auto begun = all_.size();
    all_ += head + (change.added ? "added\n" : "changed\n");
    for (const auto& field : change.fields) {
      all_ += head;
      all_.append(field.column).append("\t").append(field.before).append("\t").append(field.after).append("\n");
      if (change.kind == RecordKind::kSites && field.column == "region" && moves(field)) note_move(change, field);
    }
    shown_bytes_ += all_.size() - begun;
  }
  /// A site that declares its region for the first time goes nowhere.
  static bool moves(const FieldChange& region) {
    return !region.before.empty() && region.before.substr(0, kDivisionDigits) != region.after.substr(0, kDivisionDigits);
  }
  void note_move(const RecordChange& change, const FieldChange& region) {
    ++outcome.move_count;
    if (outcome.moves.size() == ImportOutcome::kMostChanges) return;
    outcome.moves.push_back({.kind = change.kind, .added = false, .name = change.name, .fields = {region}});
  }

  std::string all_;
  std::size_t shown_bytes_ = 0;
};

}  // namespace

std::vector<FieldChange> changes_of(const Planned<Site>& site) {
  auto changes = fields_of(site, fixed_site_columns());
  std::set<std::string> models;
  if (site.before) {
    for (const auto& [model, count] : site.before->declared.accelerators_by_model) models.insert(model);
  }
  for (const auto& [model, count] : site.after.declared.accelerators_by_model) models.insert(model);
  std::vector<Column<Site>> columns;
  for (const auto& model : models) columns.push_back(*site_column(std::string("declared.") + kDeclaredModels + "." + model));
  compare(site, columns, changes);
  return changes;
}

std::string short_text(const std::vector<FieldChange>& changes) {
  constexpr std::size_t kMost = 400;
  std::string text;
  for (const auto& change : changes) {
    const auto or_dash = [](const std::string& value) { return value.empty() ? std::string("–") : value; };
    const auto one = change.column + " " + or_dash(change.before) + " → " + or_dash(change.after);
    if (text.size() + one.size() > kMost) return text + (text.empty() ? "" : ", ") + "…";
    text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

ImportOutcome outcome_of(const ImportPlan& plan) {
  Gatherer gatherer;
  const auto by = [](const auto& columns) { return [&columns](const auto& planned) { return fields_of(planned, columns); }; };
  static const auto owner_columns = columns_of<Owner>(RecordKind::kOwners, owner_column);
  static const auto pool_columns = columns_of<NamedPool>(RecordKind::kPools, pool_column);
  static const auto link_columns = columns_of<NamedLink>(RecordKind::kLinks, link_column);
  gatherer.add_all(plan.owners, RecordKind::kOwners, by(owner_columns));
  gatherer.add_all(plan.sites, RecordKind::kSites, changes_of);
  gatherer.add_all(plan.pools, RecordKind::kPools, by(pool_columns));
  gatherer.add_all(plan.links, RecordKind::kLinks, by(link_columns));
  return gatherer.finish();
}

}  // namespace capmap
