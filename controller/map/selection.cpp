#include "controller/map/selection.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace capmap {
namespace {

constexpr std::size_t kMaxCodes = 255;
constexpr std::size_t kMaxTableBytes = 1U << 22U;
constexpr std::size_t kPatterns = 256;

/// Numbers the patterns that occur, in the order they are met, and puts these numbers in their places. Few are left as they are.
std::vector<std::uint8_t> number_patterns(std::vector<std::uint8_t>& patterns, std::size_t tests) {
  if (tests <= 3) {
    std::vector<std::uint8_t> all(std::size_t{1} << tests);
    std::iota(all.begin(), all.end(), std::uint8_t{0});
    return all;
  }
  std::array<int, kPatterns> number{};
  std::vector<std::uint8_t> met;
  for (auto& pattern : patterns) {
    auto& known = number[pattern];
    if (known == 0) {
      met.push_back(pattern);
      known = static_cast<int>(met.size());
    }
    pattern = static_cast<std::uint8_t>(known - 1);
  }
  return met;
}

}  // namespace

Selection::Selection(const CellFilter* filter, const Grouping& grouping, const Dictionaries& dictionaries, bool by_hardware)
    : code_add{0}, by_code(by_hardware) {
  if (by_hardware) number_codes(grouping.adds(Domain::kHardware));
  judge_cells = filter != nullptr && !filter->simple();
  if (filter != nullptr && !judge_cells) divide(*filter, dictionaries);
  if (filter == nullptr || judge_cells) keep_all();
}

void Selection::number_codes(const std::vector<std::uint64_t>& adds) {
  if (adds.empty()) return;
  std::unordered_map<std::uint64_t, std::uint8_t> numbers;
  code_add.clear();
  codes_.resize(adds.size());
  for (std::size_t i = 0; i < adds.size(); ++i) {
    if (i > 0 && adds[i] == adds[i - 1]) {
      codes_[i] = codes_[i - 1];
      continue;
    }
    const auto [at, made] = numbers.try_emplace(adds[i], static_cast<std::uint8_t>(code_add.size() + 1));
    if (made && code_add.size() == kMaxCodes) {
      by_code = false;
      code_add = {0};
      codes_.clear();
      return;
    }
    if (made) code_add.push_back(adds[i]);
    codes_[i] = at->second;
  }
}

void Selection::keep_all() {
  site_class.clear();
  pool_row.clear();
  state_row.fill(0);
  rows = 1;
  tables = codes_;
  residuals = {{.any = true, .table = tables.empty() ? nullptr : tables.data()}};
}

void Selection::divide(const CellFilter& filter, const Dictionaries& dictionaries) {
  const auto hardware_count = dictionaries.size(Domain::kHardware);
  const auto divided = [&](Domain domain) { return filter.patterns(domain, dictionaries.size(domain)); };
  std::vector<std::uint8_t> class_patterns{0};
  if (filter.tests(Domain::kSite) > 0) {
    site_class = divided(Domain::kSite);
    class_patterns = number_patterns(site_class, filter.tests(Domain::kSite));
  }
  auto states = divided(Domain::kState), hardware = divided(Domain::kHardware);
  const auto row_patterns = number_patterns(states, filter.tests(Domain::kState));
  const auto hardware_patterns = number_patterns(hardware, filter.tests(Domain::kHardware));
  auto pools = divided(Domain::kPool);
  std::vector<std::uint8_t> pool_patterns{pools[0]};
  if (filter.tests(Domain::kPool) > 0 && pools.size() > 1) {
    pool_patterns = number_patterns(pools, filter.tests(Domain::kPool));
    pool_row = std::move(pools);
  }
  for (std::size_t i = 0; i < state_row.size(); ++i) state_row[i] = static_cast<std::uint32_t>(states[i] * pool_patterns.size());
  rows = row_patterns.size() * pool_patterns.size();
  const auto count = class_patterns.size() * rows;
  judge_cells = (count + 1) * hardware_count > kMaxTableBytes;
  if (judge_cells) return;
  tables.reserve((count + 1) * hardware_count);  // residuals point into it
  tables.assign(codes_.begin(), codes_.end());
  const auto* const all = codes_.empty() ? nullptr : tables.data();
  std::vector<std::uint8_t> truth(hardware_patterns.size());
  const auto add_residual = [&](std::uint8_t of_site, std::uint8_t of_state, std::uint8_t of_pool) {
    for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = filter.holds({of_site, of_pool, hardware_patterns[i], of_state});
    const auto kept = static_cast<std::size_t>(std::ranges::count(truth, 1));
    if (kept == 0 || kept == truth.size()) {
      residuals.push_back({.any = kept > 0, .table = all});
      return;
    }
    residuals.push_back({.any = true, .table = tables.data() + tables.size()});
    for (std::size_t i = 0; i < hardware_count; ++i) {
      const std::uint8_t code = codes_.empty() ? 1 : codes_[i];
      tables.push_back(truth[hardware[i]] != 0 ? code : 0);
    }
  };
  for (const auto of_site : class_patterns) {
    for (const auto of_state : row_patterns) {
      for (const auto of_pool : pool_patterns) add_residual(of_site, of_state, of_pool);
    }
  }
}

}  // namespace capmap
