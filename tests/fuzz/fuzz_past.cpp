// Records of history as they come from a disk: cells, words of sites and pools, compressed frames.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/check.hpp"
#include "controller/history/compressed.hpp"
#include "controller/history/past_cells.hpp"
#include "controller/history/past_words.hpp"

using namespace capmap;

namespace {

void read_cells(std::string_view record) {
  const auto moments = unpack_moments(record);
  if (!moments) {
    check(moments.error().code == ErrorCode::kMalformed && !moments.error().what.empty(), "a record was refused without a reason");
    return;
  }
  const auto again = unpack_moments(pack_moments(*moments));
  check(again && *again == *moments, "read(write(x)) is not x");
}

void read_words(std::string_view words) {
  if (const auto site = site_of(SiteId{}, words)) {
    const auto again = site_of(SiteId{}, site_words(*site));
    check(again && site_words(*again) == site_words(*site), "words of a site change when they are written again");
  }
  if (const auto pool = pool_of(PoolId{}, SiteId{}, words)) {
    const auto again = pool_of(PoolId{}, SiteId{}, pool_words(*pool));
    check(again && pool_words(*again) == pool_words(*pool), "words of a pool change when they are written again");
  }
}

}  // namespace

/// The first byte says what the others are: 0 a frame as it lies on the disk, 1 what is in a frame of cells, else words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 0) {
    read_cells(rest);
  } else if (data[0] == 1) {
    read_cells(compressed(rest));
  } else {
    read_words(rest);
  }
  return 0;
}
