#include "controller/history/history.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "controller/history/history_database.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kRetryMs = 5'000;
constexpr std::size_t kMostPendingCells = 4'000'000;  ///< while nothing can be written; beyond, a hole is better than all memory

}  // namespace

Result<std::unique_ptr<History>> History::open(HistoryOptions options) {
  auto database = open_history(options.state_folder);
  if (!database) return database.error();
  ChipVersions versions(options.state_folder);
  auto name = versions.keep(options.catalog_folder, options.chips ? options.chips->own() : OwnChips{});
  if (!name) return name.error();
  auto cells = std::make_unique<CellHistory>(std::move(*database));
  auto names = cells->names();
  if (!names) return names.error();
  const auto last = cells->last_span();
  if (!last) return last.error();
  auto samples = SampleStore::open(cells->database());
  if (!samples) return samples.error();
  return std::unique_ptr<History>(
      new History(std::move(options), std::move(cells), std::move(*samples), std::move(*names), *last, std::move(*name)));
}

History::History(HistoryOptions options, std::unique_ptr<CellHistory> cells, SampleStore samples, PastNames names,
                 std::optional<PastSpan> last, std::string chips_name)
    : options_(std::move(options)),
      cells_(std::move(cells)),
      samples_(std::move(samples)),
      sampler_(samples_),
      recorder_(std::move(names)),
      versions_(options_.state_folder),
      past_(*cells_),
      chips_name_(std::move(chips_name)),
      last_span_(last ? last->number : 0),
      last_unix_ms_(last ? last->until_unix_ms : 0) {}

bool History::waits() const {
  return pending_.base.has_value() || !pending_.changes.empty() || !pending_.events.empty() || !recorder_.names().added().empty() ||
         (pending_.span.number != 0 && pending_.span.until_unix_ms > written_unix_ms_);
}

void History::follow_chips(const std::shared_ptr<const ChipTable>& chips) {
  options_.chips = chips;
  auto name = versions_.keep(chips->directory(), chips->own());
  if (!name) log_error("chip_table_not_kept", {{"version", chips->version()}, {"what", name.error().what}});
  chips_name_ = name ? std::move(*name) : chips->version();
}

void History::look(const MapView& view, std::uint64_t now_unix_ms) {
  ++counters_.looks;
  past_.know(view.regions);
  if (view.chips && view.chips != options_.chips) follow_chips(view.chips);
  if (!view.resync_over) return end_span();  // what is known of nodes now is less than what was known before
  if (now_unix_ms == last_unix_ms_) return;  // two moments of one name are one: what differs is found by the next look
  if (now_unix_ms < last_unix_ms_) {
    if (counters_.clock_behind_ms == 0) {
      log_warn("history_waits", {{"behind_ms", last_unix_ms_ - now_unix_ms},
                                 {"what", "the wall clock is behind the last record; nothing is recorded until it has passed it"}});
      end_span();
    }
    counters_.clock_behind_ms = last_unix_ms_ - now_unix_ms;
    return;
  }
  counters_.clock_behind_ms = 0;
  if (!open_) {
    begin_span(view, now_unix_ms);
  } else if (now_unix_ms / kDayMs != base_day_) {
    begin_day(view, now_unix_ms);
  } else if (auto cells = recorder_.look(view, now_unix_ms); !cells.empty()) {
    counters_.changed_cells += cells.size();
    pending_cells_ += cells.size();
    pending_.changes.push_back({.at_unix_ms = now_unix_ms, .cells = std::move(cells)});
  }
  note_events(view, now_unix_ms);
  sample(view, now_unix_ms);
  last_unix_ms_ = pending_.span.until_unix_ms = now_unix_ms;
  const bool due = now_unix_ms >= written_unix_ms_ + options_.write_every_ms || pending_.base.has_value();
  if (due && now_unix_ms >= tried_unix_ms_ + (counters_.problem.empty() ? 0 : kRetryMs)) static_cast<void>(write(now_unix_ms));
  if (pending_cells_ > kMostPendingCells) {
    log_error("history_hole", {{"cells", pending_cells_}, {"what", "nothing could be written for too long: what waited is dropped"}});
    pending_ = {};
    pending_cells_ = 0;
    open_ = false;
  }
}

/// A sample that cannot be written is lost: the next one is due in a minute, and what is used then is in it.
void History::sample(const MapView& view, std::uint64_t now_unix_ms) {
  if (const auto done = sampler_.turn(samples_, view, now_unix_ms); !done && counters_.sample_failures++ % 60 == 0) {
    log_error("samples_not_written", {{"what", done.error().what}});
  }
}

void History::begin_span(const MapView& view, std::uint64_t now_unix_ms) {
  open_ = true;
  ++counters_.spans;
  pending_.span = {.number = ++last_span_, .from_unix_ms = now_unix_ms, .until_unix_ms = now_unix_ms};
  pending_.base = PastMoment{.at_unix_ms = now_unix_ms, .cells = recorder_.begin(view, now_unix_ms)};
  pending_cells_ += pending_.base->cells.size();
  base_day_ = now_unix_ms / kDayMs;
  revision_ = view.revision;
}

/// A new base. What is found until then goes before it; while that cannot be written, changes go on in the old day.
void History::begin_day(const MapView& view, std::uint64_t now_unix_ms) {
  auto cells = recorder_.look(view, now_unix_ms);
  if (!cells.empty()) {
    pending_cells_ += cells.size();
    pending_.changes.push_back({.at_unix_ms = now_unix_ms, .cells = std::move(cells)});
  }
  pending_.span.until_unix_ms = now_unix_ms;
  if (!write(now_unix_ms)) return;
  pending_.base = PastMoment{.at_unix_ms = now_unix_ms, .cells = recorder_.begin(view, now_unix_ms)};
  pending_cells_ += pending_.base->cells.size();
  base_day_ = now_unix_ms / kDayMs;
  if (options_.keep_days == 0) return;
  const auto gone = cells_->forget_before(now_unix_ms - std::min(now_unix_ms, options_.keep_days * kDayMs));
  if (gone && *gone > 0) log_info("history_forgotten", {{"records", *gone}, {"older_than_days", options_.keep_days}});
}

void History::end_span() {
  if (!open_) return;
  open_ = false;
  static_cast<void>(write(last_unix_ms_));
  pending_.span = {};
}

Result<Done> History::write(std::uint64_t now_unix_ms) {
  if (!waits()) return Done{};
  tried_unix_ms_ = now_unix_ms;
  auto done = cells_->write(recorder_.names().added(), pending_);
  if (!done) {
    ++counters_.write_failures;
    if (counters_.problem != done.error().what) log_error("history_not_written", {{"what", done.error().what}});
    counters_.problem = done.error().what;
    return done;
  }
  if (!counters_.problem.empty()) log_info("history_written_again", {});
  counters_.problem.clear();
  ++counters_.writes;
  counters_.events += pending_.events.size();
  recorder_.names().forget_added();
  pending_.base.reset();
  pending_.changes.clear();
  pending_.events.clear();
  pending_cells_ = 0;
  written_unix_ms_ = pending_.span.until_unix_ms;
  return done;
}

Result<PastMap> History::at(std::uint64_t unix_ms, std::uint64_t now_unix_ms, const std::string& chips) {
  if (unix_ms > now_unix_ms) return Error{ErrorCode::kMalformed, "at: lies in the future"};
  auto table = chips.empty() ? Result<std::shared_ptr<const ChipTable>>(options_.chips) : versions_.load(chips);
  if (!table) return table.error();
  if (unix_ms >= written_unix_ms_) static_cast<void>(write(now_unix_ms));  // where that fails, what is on the disk tells how old it is
  auto place = cells_->find(unix_ms);
  if (!place) return place.error();
  auto view = past_.at(*place, *table);
  if (!view) return view.error();
  return PastMap{.view = std::move(*view), .place = *place, .chips = chips.empty() ? chips_name_ : chips};
}

Result<PastEvents> History::events(const EventQuestion& question) {
  if (question.until_unix_ms > written_unix_ms_) static_cast<void>(write(last_unix_ms_));
  auto tables = cells_->tables(last_unix_ms_);
  if (!tables) return tables.error();
  auto events = cells_->events(question, tables->sites);
  if (!events) return events.error();
  PastEvents out{.events = std::move(*events), .tables = std::move(*tables), .hardware = {}};
  for (const auto& event : out.events) {
    for (const auto& key : {event.from, event.to}) {
      if (!key || key->hardware == 0 || out.hardware.contains(key->hardware)) continue;
      auto row = past_.hardware(key->hardware, options_.chips);
      if (!row) return row.error();
      out.hardware.emplace(key->hardware, std::move(*row));
    }
  }
  return out;
}

Result<PastSpans> History::spans() {
  if (auto written = write(last_unix_ms_); !written && counters_.writes == 0) return written.error();
  auto spans = cells_->spans();
  if (!spans) return spans.error();
  return PastSpans{.spans = std::move(*spans), .chip_tables = versions_.names()};
}

}  // namespace capmap
