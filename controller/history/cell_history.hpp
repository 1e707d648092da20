#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "controller/history/past.hpp"
#include "controller/history/past_cells.hpp"
#include "controller/history/past_names.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// One write: all of it or nothing.
struct HistoryRecord {
  PastSpan span;                    ///< as it is with this record; one that is new begins with a base
  std::optional<PastMoment> base;   ///< all cells at a moment
  std::vector<PastMoment> changes;  ///< after that
  std::vector<PastEvent> events;
};

/// The change log of cells in history.db. Errors of all: as Store (kMalformed: a record is damaged). One thread.
class CellHistory {
 public:
  explicit CellHistory(Database database) : database_(std::move(database)) {}

  /// Numbers and words that are kept.
  Result<PastNames> names();
  /// Names and a record as one change, on the disk when it returns. An empty record writes names alone.
  Result<Done> write(const NewNames& names, const HistoryRecord& record);
  /// The last span there is.
  Result<std::optional<PastSpan>> last_span();
  Result<std::vector<PastSpan>> spans();

  /// Errors: kAbsent with when history begins.
  Result<PastPlace> find(std::uint64_t at_unix_ms);
  /// All cells at a moment of a span, summed from its base before it. Cost: a base, and what has changed since: a day at most.
  Result<std::vector<PastCell>> cells(const PastPlace& place);
  Result<PastTables> tables(std::uint64_t at_unix_ms);
  /// Shapes by number, those that are asked for.
  Result<std::map<std::uint32_t, std::string>> hardware(const std::vector<std::uint32_t>& numbers);
  /// Events of a time, oldest first; of one node or of all, within a scope by what `sites` ([number]) say. That some were missed is told
  /// to everybody.
  Result<std::vector<PastEvent>> events(const EventQuestion& question, const std::vector<std::shared_ptr<const Site>>& sites);
  /// Forgets what lies before a moment, whole days of it; how many rows. Words and names stay.
  Result<std::uint64_t> forget_before(std::uint64_t unix_ms);

  [[nodiscard]] Database& database() { return database_; }

 private:
  Result<Done> put_names(const NewNames& names);
  Result<Done> put_record(const HistoryRecord& record);
  Result<Done> put_events(const std::vector<PastEvent>& events);
  Database database_;
};

}  // namespace capmap
