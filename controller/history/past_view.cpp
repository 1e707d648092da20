#include "controller/history/past_view.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "common/codec.hpp"
#include "controller/map/dictionaries.hpp"
#include "controller/map/shapes.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostRated = 2;  ///< chip tables whose rows are kept

Error does_not_fit(const char* what) {
  return {ErrorCode::kMalformed, std::string("history: ") + what + "; the days around it can still be asked for"};
}

}  // namespace

PastViews::Rows& PastViews::rows_of(const std::shared_ptr<const ChipTable>& chips) {
  const auto found = std::ranges::find(rated_, chips, &decltype(rated_)::value_type::first);
  if (found != rated_.end()) {
    std::rotate(rated_.begin(), found, found + 1);
  } else {
    if (rated_.size() == kMostRated) rated_.pop_back();
    rated_.insert(rated_.begin(), {chips, Rows(1)});
  }
  return rated_.front().second;
}

Result<Done> PastViews::load_hardware(Rows& rows, std::vector<std::uint32_t> numbers, const ChipTable& chips) {
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::erase_if(numbers, [&rows](std::uint32_t number) { return number == 0 || (number < rows.size() && rows[number]); });
  const auto bodies = history_.hardware(numbers);
  if (!bodies) return bodies.error();
  for (const auto& [number, body] : *bodies) {
    auto shape = decode_shape_raw(std::as_bytes(std::span(body)));
    if (!shape) return does_not_fit("a shape that does not decode");
    if (rows.size() <= number) rows.resize(number + std::size_t{1});
    rows[number] = std::make_shared<const HardwareRow>(describe_hardware(std::move(*shape), &chips));
  }
  return Done{};
}

Result<std::shared_ptr<const HardwareRow>> PastViews::hardware(std::uint32_t number, const std::shared_ptr<const ChipTable>& chips) {
  auto& rows = rows_of(chips);
  if (auto loaded = load_hardware(rows, {number}, *chips); !loaded) return loaded.error();
  return number < rows.size() ? rows[number] : nullptr;
}

Result<std::shared_ptr<const MapView>> PastViews::at(const PastPlace& place, const std::shared_ptr<const ChipTable>& chips) {
  if (last_ && last_->at_unix_ms == place.as_of_unix_ms && last_chips_ == chips) return last_;
  last_.reset();
  auto made = make(place, chips);
  if (!made) return made;
  last_ = *made;
  last_chips_ = chips;
  return made;
}

Result<std::shared_ptr<const MapView>> PastViews::make(const PastPlace& place, const std::shared_ptr<const ChipTable>& chips) {
  const auto cells = history_.cells(place);
  if (!cells) return cells.error();
  auto tables = history_.tables(place.as_of_unix_ms);
  if (!tables) return tables.error();
  auto& rows = rows_of(chips);
  std::vector<std::uint32_t> numbers;
  numbers.reserve(cells->size());
  for (const auto& cell : *cells) numbers.push_back(cell.key.hardware);
  if (auto loaded = load_hardware(rows, std::move(numbers), *chips); !loaded) return loaded.error();

  auto view = std::make_shared<MapView>();
  view->at_unix_ms = place.as_of_unix_ms;
  view->catalog_version = chips->version();
  view->resync_over = true;
  view->sites = std::move(tables->sites);
  view->pools = std::move(tables->pools);
  if (view->sites.empty()) view->sites.resize(1);
  if (view->pools.empty()) view->pools.resize(1);
  view->hardware = rows;
  view->regions = regions_;

  std::vector<std::uint32_t> devices(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) devices[i] = rows[i] ? facts_of(rows[i]->shape).accelerators : 0;
  std::vector<CellColumns::Counted> counted;
  counted.reserve(cells->size());
  std::uint64_t nodes = 0;
  for (const auto& cell : *cells) {
    if (cell.nodes <= 0 || cell.nodes > UINT32_MAX || cell.unhealthy_devices < 0) return does_not_fit("changes that do not fit their base");
    const auto& key = cell.key;
    const auto known = [](const auto& table, std::uint32_t number) { return number == 0 || (number < table.size() && table[number]); };
    if (key.site == 0 || !known(view->sites, key.site) || !known(view->pools, key.pool) || !known(rows, key.hardware)) {
      return does_not_fit("a cell of a site, pool or kind of hardware that is not kept");
    }
    const auto all = static_cast<std::uint64_t>(cell.nodes) * devices[key.hardware];
    const auto unhealthy = std::min(static_cast<std::uint64_t>(cell.unhealthy_devices), all);
    counted.push_back({.key = {.site = key.site,
                               .pool = key.pool,
                               .hardware = key.hardware,
                               .liveness = key.liveness,
                               .service = key.service,
                               .verdict = key.verdict},
                       .nodes = static_cast<std::uint32_t>(cell.nodes),
                       .unhealthy = static_cast<std::uint32_t>(unhealthy),
                       .use_unknown = static_cast<std::uint32_t>(std::min<std::uint64_t>(all - unhealthy, UINT32_MAX))});
    nodes += static_cast<std::uint64_t>(cell.nodes);
  }
  view->known_nodes = static_cast<std::uint32_t>(std::min<std::uint64_t>(nodes, UINT32_MAX));
  view->cells = CellColumns::of_counts(counted);
  view->dictionaries = std::make_shared<const Dictionaries>(view->sites, view->pools, view->hardware, nullptr, regions_);
  return std::shared_ptr<const MapView>(std::move(view));
}

}  // namespace capmap
