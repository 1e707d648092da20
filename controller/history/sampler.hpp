#pragma once
#include <array>
#include <cstdint>

#include "controller/history/sample_store.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// Takes samples when they are due: of regions each minute, of sites each quarter of an hour, by the wall clock. For the thread that owns
/// the store, which calls turn() about once a second.
class Sampler {
 public:
  explicit Sampler(const SampleStore& store);
  /// Appends what is due and tidies one stretch. While nodes are resyncing nothing is taken: what they use is not known, and a gap says so
  /// where a sum would look like less use. Errors: those of the store; a sample that failed is not tried again.
  Result<Done> turn(SampleStore& store, const MapView& view, std::uint64_t now_unix_ms);

 private:
  std::array<std::uint64_t, kGrainCount> next_;  ///< [fine grain] number of the minute or quarter that is expected
};

}  // namespace capmap
