#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/import_request.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// One record as it is and as an import would have it.
template <class Record>
struct Planned {
  std::optional<Record> before;  ///< absent: it is new
  Record after{};
  std::optional<std::size_t> row;  ///< of the import that names it; absent: none does
  [[nodiscard]] bool changes() const { return !before || !(*before == after); }
};
/// Records of one kind by their keys: those that are there first, then new ones in the order of the import.
template <class Record>
struct PlannedRecords {
  std::vector<Planned<Record>> all;
  std::unordered_map<std::string, std::size_t> by_key;

  [[nodiscard]] const Record* find(const std::string& key) const {
    const auto found = by_key.find(key);
    return found == by_key.end() ? nullptr : &all[found->second].after;
  }
  Planned<Record>& at(const std::string& key) {
    const auto [place, made] = by_key.try_emplace(key, all.size());
    if (made) all.emplace_back();
    return all[place->second];
  }
};

/// An import held against what the store has. One thread; nothing is written.
struct ImportPlan {
  PlannedRecords<Owner> owners;
  PlannedRecords<Site> sites;
  PlannedRecords<NamedPool> pools;
  PlannedRecords<NamedLink> links;
  std::vector<ImportFault> faults;  ///< the first ImportOutcome::kMostFaults
  std::uint64_t fault_count = 0;

  void fault(RecordKind kind, std::size_t row, const std::string& name, const std::string& what);
};

/// Errors: the store's. What rows are wrong about is in the plan. Cost: all records of the store are read once.
Result<ImportPlan> make_import_plan(Store& store, const ImportBody& body, const RegionTable* regions);
/// Counts, the first changes and moves, and the digest of all changes. `end` is left as it is.
ImportOutcome outcome_of(const ImportPlan& plan);
/// What of a site changes, column by column.
std::vector<FieldChange> changes_of(const Planned<Site>& site);
/// "region 11 → 31, pue – → 1.25", as much as an audit's line holds.
std::string short_text(const std::vector<FieldChange>& changes);

}  // namespace capmap
