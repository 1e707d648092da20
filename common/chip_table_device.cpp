#include <algorithm>

#include "common/chip_table_rate.hpp"

namespace capmap {
namespace {

using Row = ChipTable::AcceleratorRow;
using Rows = std::vector<const Row*>;

constexpr std::uint32_t kMaxDevices = 65'536, kMaxDies = 16;  // more in one server, or on one card, is a broken report

Error unrated(std::string why) {
  return {ErrorCode::kAbsent, std::move(why)};
}

template <class Fits>
Rows only(const Rows& rows, Fits fits) {
  Rows kept;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(kept), fits);
  return kept;
}

std::string names_of(const Rows& rows) {
  std::string names;
  for (const auto* row : rows) names += (names.empty() ? "" : ", ") + row->name;
  return names;
}

bool named(const Row& row, const std::vector<std::string>& words) {
  return !row.names.empty() && name_matches(row.names, words);
}

Result<const Row*> narrowed(const Rows& rows, const AcceleratorShape& device, const std::vector<std::string>& words) {
  const auto of_die = [&](const Row* row) {
    return !device.memory_bytes || memory_fits(*row, *device.memory_bytes / std::max(device.dies, 1U));
  };
  auto left = only(rows, of_die);
  if (left.empty()) return unrated("its memory is that of none of " + names_of(rows) + ", which share this PCI id");
  const auto by_name = only(left, [&](const Row* row) { return named(*row, words); });
  if (!by_name.empty()) left = by_name;
  if (left.size() == 1) return left.front();
  return unrated(
      "this PCI id is shared by " + names_of(left) + "; " +
      (device.memory_bytes ? "the model name of the vendor's library would tell" : "its memory size or the vendor's library would tell"));
}

}  // namespace

bool memory_fits(const Row& row, std::uint64_t bytes) {
  if (!row.memory_bytes) return true;
  return bytes / 90 >= *row.memory_bytes / 100 && bytes / 108 <= *row.memory_bytes / 100;
}

Result<const Row*> find_device(std::span<const Row> rows, const AcceleratorShape& device, std::string_view name) {
  const auto words = name_words(name);
  Rows by_id, by_name;
  for (const auto& row : rows) {
    if (row.fits(device.vendor_id, device.device_id)) by_id.push_back(&row);
    if (row.ids.empty() && named(row, words)) by_name.push_back(&row);
  }
  if (by_id.size() == 1) return by_id.front();
  if (by_id.size() > 1) return narrowed(by_id, device, words);
  if (by_name.size() == 1) return by_name.front();
  return unrated("this accelerator has no row in the chip table");
}

Result<const Row*> rate_device(std::span<const Row> rows, const AcceleratorShape& device, std::string_view name) {
  if (device.count > kMaxDevices) return unrated("a count of " + std::to_string(device.count) + " in one server is not credible");
  if (device.dies == 0 || device.dies > kMaxDies) return unrated("a card of " + std::to_string(device.dies) + " dies is not credible");
  const auto row = find_device(rows, device, name);
  if (!row) return row.error();
  if ((*row)->confidence == Confidence::kC) return unrated("no good source was found for its peak figures");
  const auto known = [](const auto& peak) { return peak.has_value(); };
  if (std::none_of((*row)->peaks.begin(), (*row)->peaks.end(), known)) return unrated("no peak figure with a source is known for it");
  return *row;
}

}  // namespace capmap
