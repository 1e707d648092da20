#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "controller/map/site.hpp"
#include "controller/store/columns.hpp"
#include "controller/store/import_table.hpp"

namespace capmap {

class RegionTable;

/// All that one import says.
struct ImportBody {
  std::array<ImportTable, kRecordKindNames.size()> tables;  ///< [RecordKind]
  bool dry_run = false, allow_move = false;
  std::string expect;  ///< digest of the changes that were shown; empty: whatever they are
};

/// To the store thread: records by the names they have, all of them or none. Reading so long a body is the store thread's work, not
/// http's, which answers others meanwhile.
struct ImportRecords {
  std::string body;
  Result<ImportBody> (*read)(const std::string& body) = nullptr;
  std::shared_ptr<const RegionTable> regions;  ///< null: codes are not looked up
};

/// What one row is wrong about.
struct ImportFault {
  RecordKind kind = RecordKind::kSites;
  std::size_t row = 0;  ///< from 0
  std::string name;     ///< of the record, where it has one
  std::string what;     ///< "column: why"
};
struct FieldChange {
  std::string column, before, after;  ///< texts; "" = not declared
};
struct RecordChange {
  RecordKind kind = RecordKind::kSites;
  bool added = false;
  std::string name;  ///< of a pool "SITE/NAME"
  std::vector<FieldChange> fields;
};
struct ImportCounts {
  std::uint64_t added = 0, changed = 0, unchanged = 0;
};

/// What an import did, or would do, or why it was not done. Of long lists the first are told, and how many there are.
struct ImportOutcome {
  enum class End : unsigned char { kShown, kApplied, kFaults, kOtherThanShown, kMoves };
  static constexpr std::size_t kMostFaults = 100, kMostChanges = 1'000, kMostChangeBytes = 262'144;

  End end = End::kShown;
  std::array<ImportCounts, kRecordKindNames.size()> counts{};  ///< [RecordKind]
  std::string digest;                                          ///< of all changes
  std::vector<RecordChange> changes, moves;                    ///< moves: sites that come to another division; fields: region alone
  std::uint64_t change_count = 0, move_count = 0, fault_count = 0;
  std::vector<ImportFault> faults;
  // Of what was applied, for the map.
  std::vector<std::shared_ptr<const Site>> sites;
  std::vector<Pool> pools;
  std::shared_ptr<const SiteRegister> site_register;  ///< null: as before
};

}  // namespace capmap
