// What an admin orders of the chip table: rows of their own, and that the catalog is read anew.
#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "common/chip_table_own.hpp"
#include "common/join_token.hpp"
#include "controller/admission.hpp"

namespace capmap {
namespace {

constexpr std::size_t kDigestDigits = 16, kMostEffects = 1'000;

std::string digest_of(const OwnChipsPlan& plan, const std::string& version) {
  std::string text = version;
  for (const auto& change : plan.changes) text += "\n" + change.key + "\n" + change.before + "\n" + change.now;
  return secret_hash(text).substr(0, kDigestDigits);
}

/// [hardware index] installed nodes.
std::vector<std::uint64_t> nodes_by_hardware(const MapView& view) {
  std::vector<std::uint64_t> nodes(view.hardware.size());
  for (std::size_t block = 0; block < view.cells.block_count(); ++block) {
    const auto& keys = view.cells.keys(block);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      if (keys.state[i] == kFreeSlot || keys.hardware[i] >= nodes.size() || !counts_as_installed(service_of(keys.state[i]))) continue;
      nodes[keys.hardware[i]] += keys.nodes[i];
    }
  }
  return nodes;
}

class Effects {
 public:
  void add(const std::string& what, const std::string& before, const std::string& now, std::uint64_t nodes, std::uint64_t parts) {
    if (before == now || nodes == 0 || (effects_.size() == kMostEffects && !effects_.contains({what, before, now}))) return;
    auto& sum = effects_[{what, before, now}];
    sum.first += nodes;
    sum.second += nodes * parts;
  }
  [[nodiscard]] std::vector<ChipEffect> list() const {
    std::vector<ChipEffect> all;
    for (const auto& [key, sum] : effects_) {
      const auto& [what, before, now] = key;
      all.push_back({.what = what, .before = before, .now = now, .nodes = sum.first, .parts = sum.second});
    }
    std::ranges::stable_sort(all, [](const ChipEffect& a, const ChipEffect& b) { return a.nodes > b.nodes; });
    return all;
  }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, std::pair<std::uint64_t, std::uint64_t>> effects_;  ///< (nodes, parts)
};

/// Rates all hardware of the view anew, and tells what of it is rated otherwise.
void rate(const MapView& view, ChipsChanged& changed) {
  const auto nodes = nodes_by_hardware(view);
  auto rated = std::make_shared<RatedHardware>();
  Effects effects;
  for (std::size_t i = 0; i < view.hardware.size(); ++i) {
    if (!view.hardware[i]) continue;
    const auto& was = *view.hardware[i];
    auto now = std::make_shared<const HardwareRow>(describe_hardware(was.shape, changed.chips.get()));
    effects.add(was.shape.cpu.model, was.parts.cpu.unrated, now->parts.cpu.unrated, nodes[i], was.shape.cpu.packages.value_or(1));
    for (std::size_t d = 0; d < std::min(was.parts.devices.size(), now->parts.devices.size()); ++d) {
      effects.add(now->accelerator_names[d], was.parts.devices[d].unrated, now->parts.devices[d].unrated, nodes[i],
                  was.shape.accelerators[d].count);
    }
    rated->emplace(was.id, std::move(now));
  }
  changed.effects = effects.list();
  changed.rated = std::move(rated);
}

}  // namespace

Result<Change> carry_out(Store& store, const ChangeChips& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const ChipTable& in_force = *request.view->chips;
  const auto before = store.own_chips();
  if (!before) return before.error();
  auto plan = request.file ? plan_own_chips(in_force.directory(), *before, *request.file, request.rows, request.replace)
                           : Result<OwnChipsPlan>(OwnChipsPlan{.own = *before, .changes = {}});
  if (!plan) return Change{plan.error()};
  auto table = ChipTable::load(in_force.directory(), &plan->own);
  if (!table) return Change{table.error()};
  ChipsChanged changed{.before_version = in_force.version(),
                       .version = table->version(),
                       .digest = digest_of(*plan, table->version()),
                       .changes = plan->changes,
                       .effects = {},
                       .dry_run = request.dry_run};
  changed.others = !request.expect.empty() && request.expect != changed.digest;
  changed.chips = std::make_shared<const ChipTable>(std::move(*table));
  rate(*request.view, changed);
  if (changed.dry_run || changed.others) return Change{std::move(changed)};
  if (plan->own != *before) {
    if (auto put = store.put_own_chips(plan->own); !put) return put.error();
  }
  if (auto put = store.add_audit({.at_unix_ms = now_unix_ms,
                                  .who = "admin",
                                  .what = request.file ? "chips_changed" : "chips_read_anew",
                                  .subject = changed.version,
                                  .detail = std::to_string(changed.changes.size()) + " rows changed, before " + changed.before_version});
      !put) {
    return put.error();
  }
  return Change{std::move(changed)};
}

}  // namespace capmap
