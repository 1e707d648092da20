#include "controller/sql/sql_scene.hpp"

#include <algorithm>
#include <utility>

#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

/// The text of an id, made when it is first asked for.
template <class Table>
std::string_view id_text(std::vector<std::string>& texts, const Table& table, std::uint32_t index) {
  if (index >= table.size() || !table[index]) return {};
  if (texts.empty()) texts.resize(table.size());
  auto& text = texts[index];
  if (text.empty()) text = to_text(table[index]->id);
  return text;
}

template <class Table>
auto entry(const Table& table, std::uint32_t index) {
  return index < table.size() ? table[index].get() : nullptr;
}

}  // namespace

SqlScene::SqlScene(std::shared_ptr<const MapView> view, std::shared_ptr<const ChipTable> chips, Principal principal, bool exact,
                   std::uint64_t now_boot_ms)
    : view_(std::move(view)),
      dictionaries_(dictionaries_of(*view_)),
      chips_(std::move(chips)),
      principal_(std::move(principal)),
      exact_(exact),
      now_boot_ms_(now_boot_ms) {
  if (!principal_.scoped()) return;
  std::vector<std::uint8_t> seen(view_->sites.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const auto& site = view_->sites[i];
    seen[i] = site && principal_.may_touch(site->id, site->region) ? 1 : 0;
  }
  sites_seen_ = std::make_shared<const std::vector<std::uint8_t>>(std::move(seen));
}

bool SqlScene::sees_region(std::string_view code) const {
  if (!sites_seen_ || principal_.may_add_site(code)) return true;
  for (std::size_t i = 0; i < view_->sites.size(); ++i) {
    if ((*sites_seen_)[i] != 0 && view_->sites[i]->region.starts_with(code)) return true;
  }
  return false;
}

bool SqlScene::sees_hardware(std::uint32_t hardware) const {
  if (!sites_seen_) return true;
  if (!hardware_seen_) {
    hardware_seen_.emplace(view_->hardware.size());
    for (std::size_t block = 0; block < view_->cells.block_count(); ++block) {
      const auto& keys = view_->cells.keys(block);
      for (std::size_t i = 0; i < kBlockCells; ++i) {
        if (keys.nodes[i] != 0 && keys.hardware[i] < hardware_seen_->size() && sees(keys.site(i))) (*hardware_seen_)[keys.hardware[i]] = 1;
      }
    }
  }
  return hardware < hardware_seen_->size() && (*hardware_seen_)[hardware] != 0;
}

const Site* SqlScene::site(std::uint32_t index) const {
  return entry(view_->sites, index);
}

const Pool* SqlScene::pool(std::uint32_t index) const {
  return entry(view_->pools, index);
}

const HardwareRow* SqlScene::hardware(std::uint32_t index) const {
  return entry(view_->hardware, index);
}

std::optional<std::uint32_t> SqlScene::find_site(std::string_view id) const {
  const auto wanted = parse_id<SiteId>(std::string(id));
  if (!wanted) return std::nullopt;
  for (std::size_t i = 0; i < view_->sites.size(); ++i) {
    if (view_->sites[i] && view_->sites[i]->id == *wanted) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

std::string_view SqlScene::site_id(std::uint32_t index) const {
  return id_text(site_ids_, view_->sites, index);
}

std::string_view SqlScene::pool_id(std::uint32_t index) const {
  return id_text(pool_ids_, view_->pools, index);
}

std::string_view SqlScene::hardware_id(std::uint32_t index) const {
  return id_text(hardware_ids_, view_->hardware, index);
}

std::string_view SqlScene::text(Dimension dimension, const CellKey& key) const {
  const auto& column = dictionaries_->column(dimension);
  const auto& classes = dictionaries_->pool_classes();
  if (dimension == Dimension::kComputeClass && key.pool < classes.size() && classes[key.pool].declared) {
    return column.texts[classes[key.pool].code];
  }
  std::size_t index = 0;
  switch (domain_of(dimension)) {
    case Domain::kSite: index = key.site; break;
    case Domain::kPool: index = key.pool; break;
    case Domain::kHardware: index = key.hardware; break;
    case Domain::kState: index = state_code(key.liveness, key.service, key.verdict); break;
  }
  return index < column.codes.size() ? std::string_view(column.texts[column.codes[index]]) : std::string_view();  // newer than the view
}

unsigned __int128 SqlScene::figure(std::size_t figure, std::uint32_t hardware) const {
  const auto& column = dictionaries_->figures().columns[figure];
  const auto half = [hardware](const std::vector<std::uint32_t>& values) {
    return hardware < values.size() ? U128{values[hardware]} : U128{0};
  };
  return (half(column.high) << 32U) + half(column.low);
}

}  // namespace capmap
