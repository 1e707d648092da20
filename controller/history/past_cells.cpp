#include "controller/history/past_cells.hpp"

#include <algorithm>
#include <array>

#include "controller/history/compressed.hpp"
#include "controller/history/varints.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kMostBytes = std::size_t{256} << 20;  ///< of a record once unpacked
constexpr std::uint64_t kMostMoments = 100'000;

/// Words of a cell's state as bits of their own: it must mean the same when a later capmap knows more of them.
constexpr std::uint64_t state_of(const PastKey& key) {
  return static_cast<std::uint64_t>(key.liveness) | static_cast<std::uint64_t>(key.service) << 4 |
         static_cast<std::uint64_t>(key.verdict) << 8;
}

bool set_state(PastKey& key, std::uint64_t state) {
  const auto liveness = state & 0xF, service = state >> 4 & 0xF, verdict = state >> 8;
  if (liveness >= kLivenessCount || service >= kServiceStateNames.size() || verdict >= kVerdictNames.size()) return false;
  key.liveness = static_cast<Liveness>(liveness);
  key.service = static_cast<ServiceState>(service);
  key.verdict = static_cast<Verdict>(verdict);
  return true;
}

enum Column : std::uint8_t { kSite, kPool, kHardware, kState, kNodes, kUnhealthy, kColumns };

using Bytes = std::vector<std::uint8_t>;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Numbers of a column, or of the head; once one is missing it is bad, and tells zeros.
class Numbers {
 public:
  explicit Numbers(std::span<const std::uint8_t> bytes) : reader_(bytes) {}
  std::uint64_t next() {
    std::uint64_t value = 0;
    good_ = good_ && reader_.read(value);
    return good_ ? value : 0;
  }
  std::int64_t next_signed() { return unzigzag(next()); }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::size_t left() const { return reader_.left(); }

 private:
  VarintReader reader_;
  bool good_ = true;
};

Error damaged(const char* what) {
  return {ErrorCode::kMalformed, std::string("a record of cells: ") + what};
}

/// Reads the cells of all moments, column by column, as they were written.
Result<Done> read_columns(std::array<Numbers, kColumns>& columns, std::vector<PastMoment>& moments) {
  for (auto& moment : moments) {
    std::uint32_t site = 0;
    for (auto& cell : moment.cells) {
      site += static_cast<std::uint32_t>(columns[kSite].next());  // wraps where the bytes are damaged; their order tells
      cell.key.site = site;
      cell.key.pool = static_cast<std::uint32_t>(columns[kPool].next());
      cell.key.hardware = static_cast<std::uint32_t>(columns[kHardware].next());
      if (!set_state(cell.key, columns[kState].next())) return damaged("a state that nobody knows");
      cell.nodes = columns[kNodes].next_signed();
      cell.unhealthy_devices = columns[kUnhealthy].next_signed();
    }
    const auto not_after = [](const PastCell& a, const PastCell& b) { return b.key <= a.key; };
    if (std::ranges::adjacent_find(moment.cells, not_after) != moment.cells.end()) return damaged("cells that do not ascend");
  }
  const bool whole = std::ranges::all_of(columns, [](const Numbers& column) { return column.good() && column.left() == 0; });
  return whole ? Result<Done>(Done{}) : damaged("columns of other lengths than their cells");
}

}  // namespace

void sum_up(std::vector<PastCell>& cells) {
  std::ranges::sort(cells, {}, &PastCell::key);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < cells.size();) {
    PastCell sum = cells[i++];
    for (; i < cells.size() && cells[i].key == sum.key; ++i) {
      sum.nodes += cells[i].nodes;
      sum.unhealthy_devices += cells[i].unhealthy_devices;
    }
    if (sum.nodes != 0 || sum.unhealthy_devices != 0) cells[kept++] = sum;
  }
  cells.resize(kept);
}

std::string pack_moments(std::span<const PastMoment> moments) {
  Bytes head;
  std::array<Bytes, kColumns> columns;
  put_varint(head, kFormat);
  put_varint(head, moments.size());
  std::uint64_t at = 0;
  for (const auto& moment : moments) {
    put_varint(head, moment.at_unix_ms - at);
    put_varint(head, moment.cells.size());
    at = moment.at_unix_ms;
    std::uint32_t site = 0;
    for (const auto& cell : moment.cells) {
      put_varint(columns[kSite], cell.key.site - site);
      site = cell.key.site;
      put_varint(columns[kPool], cell.key.pool);
      put_varint(columns[kHardware], cell.key.hardware);
      put_varint(columns[kState], state_of(cell.key));
      put_varint(columns[kNodes], zigzag(cell.nodes));
      put_varint(columns[kUnhealthy], zigzag(cell.unhealthy_devices));
    }
  }
  for (const auto& column : columns) put_varint(head, column.size());
  for (const auto& column : columns) head.insert(head.end(), column.begin(), column.end());
  return compressed(text_of(head));
}

Result<std::vector<PastMoment>> unpack_moments(std::string_view bytes) {
  const auto plain = uncompressed(bytes, kMostBytes);
  if (!plain) return damaged(plain.error().what.c_str());
  const std::span<const std::uint8_t> all_bytes(reinterpret_cast<const std::uint8_t*>(plain->data()), plain->size());
  Numbers head(all_bytes);
  if (head.next() != kFormat) return damaged("of a form that this capmap does not know");
  const auto count = head.next();
  if (count > std::min<std::uint64_t>(plain->size(), kMostMoments)) return damaged("too many moments");
  std::vector<PastMoment> moments(count);
  std::uint64_t at = 0, cells = 0;
  for (auto& moment : moments) {
    const auto later = head.next(), of_moment = head.next();
    if (!head.good() || (at != 0 && later == 0) || of_moment > kMostPastCells || (cells += of_moment) > plain->size()) {
      return damaged("moments that do not ascend, or more cells than bytes");
    }
    at += later;
    moment.at_unix_ms = at;
    moment.cells.resize(of_moment);
  }
  std::array<std::size_t, kColumns> sizes{};
  std::size_t all = 0;
  for (auto& size : sizes) {
    size = head.next();
    if (size > plain->size()) return damaged("columns longer than all of it");
    all += size;
  }
  if (!head.good() || head.left() != all) return damaged("cut off, or with bytes behind its end");
  auto rest = all_bytes.last(all);
  const auto take = [&rest](std::size_t size) {
    const auto column = rest.first(size);
    rest = rest.subspan(size);
    return Numbers(column);
  };
  std::array columns = {take(sizes[0]), take(sizes[1]), take(sizes[2]), take(sizes[3]), take(sizes[4]), take(sizes[5])};
  if (auto read = read_columns(columns, moments); !read) return read.error();
  return moments;
}

}  // namespace capmap
