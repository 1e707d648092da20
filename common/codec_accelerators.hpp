#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/codec_parts.hpp"

namespace capmap {

namespace wire {
struct Usage;
struct UsageBuilder;
}  // namespace wire

/// Accelerators in the parallel lists of Usage. Nothing of a list is written where nothing of it is known.
class AcceleratorFields {
 public:
  /// Writes the lists; before the table is begun.
  AcceleratorFields(Builder& builder, const std::vector<AcceleratorUse>& uses, bool with_addresses);

  /// Names them in the table: those of eight bytes first, so that no padding stands between fields.
  void add_wide_to(wire::UsageBuilder& table) const;
  void add_to(wire::UsageBuilder& table) const;

 private:
  template <class Element>
  using List = flatbuffers::Offset<flatbuffers::Vector<Element>>;
  List<std::uint8_t> flags_, partitions_, temperatures_;
  List<std::uint16_t> busy_, power_;
  List<std::uint32_t> addresses_, memory_;
  List<flatbuffers::Offset<flatbuffers::String>> others_;
  std::optional<std::uint32_t> short_partitions_;
  std::optional<std::uint64_t> short_temperatures_;
};

/// Takes them out again, checked.
std::vector<AcceleratorUse> read_accelerators(const wire::Usage& table, FieldReader& reader);
/// Accelerators without addresses are hello's; without accelerators there is nothing to say.
bool addresses_left_out(const wire::Usage& table);

}  // namespace capmap
