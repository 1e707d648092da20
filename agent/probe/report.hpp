#pragma once
#include <optional>
#include <string>

#include "agent/probe/machine.hpp"
#include "common/precision.hpp"

namespace capmap {

/// A machine together with what the chip table says of it.
struct Report {
  Machine machine;
  ShapeId shape_id;
  std::optional<PeakRating> rating;              ///< absent when no chip table could be read
  std::optional<std::string> microarchitecture;  ///< likewise
  std::string catalog_version;                   ///< empty likewise
};

/// Peaks of processors and accelerators together: what is known of either. Absent where neither is rated.
PeakMflops total_peak(const PeakRating& rating);

/// Lower-case words of the report and of the API.
const char* to_word(AcceleratorKind kind);
const char* to_word(CoreType type);
const char* to_word(NicType type);
const char* to_word(Media media);

/// One JSON object, indented by two; keys and meaning are stable, keys may be added; what is not known is null.
std::string report_json(const Report& report);
/// Aligned text for people, at most 100 columns.
std::string report_text(const Report& report);

}  // namespace capmap
