#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/chip_table.hpp"
#include "controller/history/cell_history.hpp"
#include "controller/history/cell_recorder.hpp"
#include "controller/history/chip_versions.hpp"
#include "controller/history/past_view.hpp"
#include "controller/history/sample_store.hpp"
#include "controller/history/sampler.hpp"

namespace capmap {

struct HistoryOptions {
  std::string state_folder;
  std::uint64_t write_every_ms = 60'000;  ///< what was found since the last write is lost with the process
  std::uint32_t keep_days = 0;            ///< of the change log; 0 = for ever
  std::string catalog_folder;             ///< of the chip table in use: it is kept
  std::shared_ptr<const ChipTable> chips;
};

struct HistoryCounters {
  std::uint64_t looks = 0, changed_cells = 0, events = 0, events_missed = 0, writes = 0, write_failures = 0, spans = 0;
  std::uint64_t sample_failures = 0;
  std::uint64_t clock_behind_ms = 0;  ///< of the last record; while it is, nothing is recorded
  std::string problem;                ///< why the last write failed; empty: it did not
};

/// The two histories of a map. The change log: what it was at any moment since it was first complete; looks at views, finds what changed,
/// and writes it each minute. Samples of what was used, each minute and each quarter of an hour (see SampleStore). Answers what was. While
/// the map is not complete after a start nothing is recorded: a span ends with the process, and the next one begins with a base. History is
/// never rewritten: while the wall clock is behind the last record, nothing is recorded either. One thread.
class History {
 public:
  /// Errors: as open_history and ChipVersions::keep.
  static Result<std::unique_ptr<History>> open(HistoryOptions options);

  /// Takes what has changed since the last view. Writes when it is time to, or a day begins.
  void look(const MapView& view, std::uint64_t now_unix_ms);
  /// Writes what waits. Errors: as CellHistory; what waits is kept, and written with the next.
  Result<Done> write(std::uint64_t now_unix_ms);

  /// The map at a moment, rated with a chip table by name; empty = that in use. Errors: kMalformed (not yet), kAbsent (before history
  /// began; no such chip table), as CellHistory.
  Result<PastMap> at(std::uint64_t unix_ms, std::uint64_t now_unix_ms, const std::string& chips);
  Result<PastEvents> events(const EventQuestion& question);
  Result<PastSpans> spans();
  /// How use went, from samples. Errors: as SampleStore::read.
  Result<UsageSeries> usage(const UsageQuestion& question) { return samples_.read(question); }
  [[nodiscard]] const HistoryCounters& counters() const { return counters_; }
  [[nodiscard]] const SampleCounts& sample_counts() const { return samples_.counts(); }
  /// For other tables of the same file.
  [[nodiscard]] Database& database() { return cells_->database(); }

 private:
  History(HistoryOptions options, std::unique_ptr<CellHistory> cells, SampleStore samples, PastNames names, std::optional<PastSpan> last,
          std::string chips_name);
  /// The map is rated with another chip table.
  void follow_chips(const std::shared_ptr<const ChipTable>& chips);
  void begin_span(const MapView& view, std::uint64_t now_unix_ms);
  void begin_day(const MapView& view, std::uint64_t now_unix_ms);
  void note_events(const MapView& view, std::uint64_t now_unix_ms);
  /// Nodes that began to say since this start that they are a machine that another node is too: an event of each.
  void note_doubles(const MapView& view);
  void end_span();
  void sample(const MapView& view, std::uint64_t now_unix_ms);
  [[nodiscard]] bool waits() const;

  HistoryOptions options_;
  std::unique_ptr<CellHistory> cells_;
  SampleStore samples_;  ///< in the database of cells_
  Sampler sampler_;
  CellRecorder recorder_;
  ChipVersions versions_;
  PastViews past_;
  std::string chips_name_;
  HistoryCounters counters_;
  HistoryRecord pending_;
  std::size_t pending_cells_ = 0;
  DoubleTable::Published doubles_;                 ///< of the view before
  std::set<std::pair<NodeId, NodeId>> suspected_;  ///< of them
  bool open_ = false;
  std::int64_t last_span_ = 0;
  std::uint64_t last_unix_ms_ = 0;  ///< of the last moment that was recorded
  std::uint64_t written_unix_ms_ = 0, tried_unix_ms_ = 0, base_day_ = 0, revision_ = 0;
};

}  // namespace capmap
