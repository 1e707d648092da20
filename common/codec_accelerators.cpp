#include "common/codec_accelerators.hpp"

#include <array>
#include <cstdio>

#include "schemas/messages_generated.h"

namespace capmap {
namespace {

using Flags = wire::AcceleratorFlags;
constexpr std::uint32_t kMaxPermille = 1'000;
constexpr std::uint32_t kMaxWatts = 65'535;
constexpr std::uint32_t kMaxPartitions = 254, kMaxCelsius = 126;
constexpr unsigned kWhole = 0x80;  ///< beside a temperature
constexpr std::size_t kMostShort = 8;
constexpr unsigned kPartitionBits = 4, kTemperatureBits = 8;

constexpr std::uint8_t bit(Flags flag) {
  return static_cast<std::uint8_t>(flag);
}

/// domain << 16 | bus << 8 | device << 3 | function as the kernel writes it: "0000:17:00.0".
std::string address_text(std::uint32_t packed) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", packed >> 16U, (packed >> 8U) & 0xFFU, (packed >> 3U) & 0x1FU, packed & 7U);
  return text.data();
}

/// The number of exactly such a text; nothing for any other spelling.
std::optional<std::uint32_t> packed_address(const std::string& text) {
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  if (text.size() != 12 || std::sscanf(text.c_str(), "%4x:%2x:%2x.%1x", &domain, &bus, &device, &function) != 4) return std::nullopt;
  const std::uint32_t packed = (domain << 16U) | (bus << 8U) | ((device & 0x1FU) << 3U) | (function & 7U);
  if (address_text(packed) != text) return std::nullopt;
  return packed;
}

/// The parallel lists of Usage.
struct AcceleratorLists {
  std::vector<std::uint8_t> flags;
  std::vector<std::uint32_t> addresses;
  std::vector<std::uint32_t> memory_used_mib;
  std::vector<std::uint16_t> busy_permille;
  std::vector<std::uint16_t> power_watts;
  std::vector<std::uint8_t> partitions;  ///< plus 1; 0 = not known
  std::vector<std::string> other_addresses;
  std::vector<std::uint8_t> temperatures;  ///< likewise, and kWhole
  bool any_partitions = false, any_cut = false, any_temperature = false;
  std::uint8_t any = 0;  ///< flags that at least one has

  [[nodiscard]] bool partitions_told() const { return any_partitions && (any_cut || !any_temperature); }
  /// Eight cards that are cut, with all that is known of them, would else take more than 300 bytes.
  [[nodiscard]] bool short_form() const {
    const auto fits = [](std::uint8_t code) { return code < 1U << kPartitionBits; };
    return partitions_told() && flags.size() <= kMostShort && std::ranges::all_of(partitions, fits);
  }
};

void append(AcceleratorLists& lists, const AcceleratorUse& use, bool with_address) {
  unsigned flags = 0;
  if (use.used) flags |= bit(Flags::used_known);
  if (use.used.value_or(false)) flags |= bit(Flags::used);
  if (use.memory_used_mib) flags |= bit(Flags::memory_known);
  if (use.busy_permille) flags |= bit(Flags::busy_known);
  if (use.healthy) flags |= bit(Flags::healthy_known);
  if (use.healthy.value_or(false)) flags |= bit(Flags::healthy);
  if (use.power_watts) flags |= bit(Flags::power_known);
  const auto packed = packed_address(use.pci_address);
  if (!packed && with_address) {
    flags |= bit(Flags::other_address);
    lists.other_addresses.push_back(use.pci_address);
  }
  lists.addresses.push_back(packed.value_or(0));
  lists.memory_used_mib.push_back(use.memory_used_mib.value_or(0));
  lists.busy_permille.push_back(static_cast<std::uint16_t>(std::min(use.busy_permille.value_or(0), kMaxPermille)));
  lists.power_watts.push_back(static_cast<std::uint16_t>(std::min(use.power_watts.value_or(0), kMaxWatts)));
  lists.partitions.push_back(static_cast<std::uint8_t>(use.partitions ? std::min(*use.partitions, kMaxPartitions) + 1 : 0));
  lists.any_partitions = lists.any_partitions || use.partitions;
  const unsigned temperature = use.temperature_celsius ? std::min(*use.temperature_celsius, kMaxCelsius) + 1 : 0;
  lists.temperatures.push_back(static_cast<std::uint8_t>(temperature | (use.partitions == 0U ? kWhole : 0U)));
  lists.any_cut = lists.any_cut || use.partitions.value_or(0) > 0;
  lists.any_temperature = lists.any_temperature || use.temperature_celsius;
  lists.flags.push_back(static_cast<std::uint8_t>(flags));
  lists.any = static_cast<std::uint8_t>(lists.any | flags);
}

AcceleratorLists lists_of(const std::vector<AcceleratorUse>& uses, bool with_addresses) {
  AcceleratorLists lists;
  const std::size_t count = std::min(uses.size(), kMaxAccelerators);
  for (std::size_t i = 0; i < count; ++i) append(lists, uses[i], with_addresses);
  return lists;
}

template <class Element>
auto put_known(Builder& builder, const std::vector<Element>& values, bool any_known) {
  return any_known ? builder.CreateVector(values) : flatbuffers::Offset<flatbuffers::Vector<Element>>();
}

/// The codes of few accelerators as one number, the first one's lowest.
std::uint64_t packed(const std::vector<std::uint8_t>& codes, unsigned bits) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) all |= std::uint64_t{codes[i]} << (i * bits);
  return all;
}

/// Takes accelerators out of Usage's parallel lists, one after the other.
class AcceleratorReader {
 public:
  AcceleratorReader(const wire::Usage& table, FieldReader& reader) : table_(table), reader_(reader) {}

  std::vector<AcceleratorUse> read() {
    const std::size_t count = table_.accelerator_flags() == nullptr ? 0 : table_.accelerator_flags()->size();
    reader_.require(count <= kMaxAccelerators, "accelerator_flags", "has more than 1024 entries");
    if (!addresses_left_out(table_)) expect_size(table_.accelerator_pci_addresses(), count, "accelerator_pci_addresses");
    if (table_.accelerator_memory_used_mib() != nullptr) {
      expect_size(table_.accelerator_memory_used_mib(), count, "accelerator_memory_used_mib");
    }
    if (table_.accelerator_busy_permille() != nullptr) {
      expect_size(table_.accelerator_busy_permille(), count, "accelerator_busy_permille");
    }
    if (table_.accelerator_power_watts() != nullptr) expect_size(table_.accelerator_power_watts(), count, "accelerator_power_watts");
    if (table_.accelerator_partitions() != nullptr) expect_size(table_.accelerator_partitions(), count, "accelerator_partitions");
    if (table_.accelerator_temperature_c() != nullptr) expect_size(table_.accelerator_temperature_c(), count, "accelerator_temperature_c");
    expect_short(table_.accelerator_partitions_short(), kPartitionBits, count, "accelerator_partitions_short");
    expect_short(table_.accelerator_temperature_c_short(), kTemperatureBits, count, "accelerator_temperature_c_short");
    others_ = reader_.texts(table_.accelerator_other_addresses(), kMaxAccelerators, "accelerator_other_addresses");
    std::vector<AcceleratorUse> uses;
    for (std::size_t i = 0; i < count && reader_.good(); ++i) uses.push_back(read_one(static_cast<flatbuffers::uoffset_t>(i)));
    reader_.require(next_other_ == others_.size() || !reader_.good(), "accelerator_other_addresses", "has entries nobody refers to");
    if (!addresses_left_out(table_)) check_order(uses);
    return uses;
  }

 private:
  template <class Vector>
  void expect_size(const Vector* vector, std::size_t count, const char* field) {
    reader_.require((vector == nullptr ? 0 : vector->size()) == count, field, "is not as long as accelerator_flags");
  }

  void check_order(const std::vector<AcceleratorUse>& uses) {
    const auto out_of_order = [](const AcceleratorUse& a, const AcceleratorUse& b) { return a.pci_address >= b.pci_address; };
    reader_.require(std::ranges::adjacent_find(uses, out_of_order) == uses.end(), "accelerators", "are not in ascending order, each once");
  }

  std::string address(flatbuffers::uoffset_t index, std::uint8_t flags) {
    if ((flags & bit(Flags::other_address)) == 0) return address_text(table_.accelerator_pci_addresses()->Get(index));
    const bool there = next_other_ < others_.size();
    reader_.require(there && !others_[next_other_].empty(), "accelerator_other_addresses", "lacks an address");
    return there ? others_[next_other_++] : std::string();
  }

  AcceleratorUse read_one(flatbuffers::uoffset_t index) {
    const std::uint8_t flags = table_.accelerator_flags()->Get(index);
    const auto has = [flags](Flags flag) { return (flags & bit(flag)) != 0; };
    AcceleratorUse use;
    if (!addresses_left_out(table_)) use.pci_address = address(index, flags);
    if (has(Flags::used_known)) use.used = has(Flags::used);
    if (has(Flags::healthy_known)) use.healthy = has(Flags::healthy);
    if (has(Flags::memory_known))
      use.memory_used_mib = value_at(table_.accelerator_memory_used_mib(), index, "accelerator_memory_used_mib");
    if (has(Flags::busy_known)) {
      use.busy_permille = value_at(table_.accelerator_busy_permille(), index, "accelerator_busy_permille");
      reader_.require(use.busy_permille <= kMaxPermille, "accelerator_busy_permille", "is over 1000");
    }
    if (has(Flags::power_known)) use.power_watts = value_at(table_.accelerator_power_watts(), index, "accelerator_power_watts");
    if (!reader_.good()) return use;
    const auto partitions = code_at(table_.accelerator_partitions(), table_.accelerator_partitions_short(), kPartitionBits, index);
    const unsigned heat =
        code_at(table_.accelerator_temperature_c(), table_.accelerator_temperature_c_short(), kTemperatureBits, index).value_or(0);
    if (partitions.value_or(0) != 0) use.partitions = *partitions - 1;
    if (!partitions && (heat & kWhole) != 0) use.partitions = 0;
    if ((heat & ~kWhole) != 0) use.temperature_celsius = (heat & ~kWhole) - 1U;
    return use;
  }

  /// Nothing where neither form is there.
  template <class Short>
  static std::optional<unsigned> code_at(const flatbuffers::Vector<std::uint8_t>* list, Short packed, unsigned bits,
                                         flatbuffers::uoffset_t index) {
    if (list != nullptr) return list->Get(index);
    if (!packed) return std::nullopt;
    return static_cast<unsigned>(*packed >> (index * bits)) & ((1U << bits) - 1);
  }

  template <class Short>
  void expect_short(Short packed, unsigned bits, std::size_t count, const char* field) {
    const bool fits = count <= kMostShort && (count == kMostShort || std::uint64_t{packed.value_or(0)} >> (count * bits) == 0);
    reader_.require(!packed || fits, field, "is of more accelerators than accelerator_flags");
  }

  template <class Vector>
  std::uint32_t value_at(const Vector* vector, flatbuffers::uoffset_t index, const char* field) {
    reader_.require(vector != nullptr, field, "is absent and said to be known");
    return vector == nullptr ? 0 : vector->Get(index);
  }

  const wire::Usage& table_;
  FieldReader& reader_;
  std::vector<std::string> others_;
  std::size_t next_other_ = 0;
};

}  // namespace

AcceleratorFields::AcceleratorFields(Builder& builder, const std::vector<AcceleratorUse>& uses, bool with_addresses) {
  const AcceleratorLists lists = lists_of(uses, with_addresses);
  const bool short_form = lists.short_form();
  others_ = put_texts(builder, lists.other_addresses, kMaxAccelerators);
  flags_ = put_known(builder, lists.flags, !lists.flags.empty());
  partitions_ = put_known(builder, lists.partitions, lists.partitions_told() && !short_form);
  temperatures_ = put_known(builder, lists.temperatures, lists.any_temperature && !short_form);
  power_ = put_known(builder, lists.power_watts, (lists.any & bit(Flags::power_known)) != 0);
  busy_ = put_known(builder, lists.busy_permille, (lists.any & bit(Flags::busy_known)) != 0);
  memory_ = put_known(builder, lists.memory_used_mib, (lists.any & bit(Flags::memory_known)) != 0);
  addresses_ = put_known(builder, lists.addresses, !lists.flags.empty() && with_addresses);
  if (short_form) short_partitions_ = static_cast<std::uint32_t>(packed(lists.partitions, kPartitionBits));
  if (short_form && lists.any_temperature) short_temperatures_ = packed(lists.temperatures, kTemperatureBits);
}

void AcceleratorFields::add_wide_to(wire::UsageBuilder& table) const {
  if (short_temperatures_) table.add_accelerator_temperature_c_short(*short_temperatures_);
}

void AcceleratorFields::add_to(wire::UsageBuilder& table) const {
  table.add_accelerator_flags(flags_);
  table.add_accelerator_pci_addresses(addresses_);
  table.add_accelerator_memory_used_mib(memory_);
  table.add_accelerator_busy_permille(busy_);
  table.add_accelerator_other_addresses(others_);
  table.add_accelerator_power_watts(power_);
  table.add_accelerator_partitions(partitions_);
  table.add_accelerator_temperature_c(temperatures_);
  if (short_partitions_) table.add_accelerator_partitions_short(*short_partitions_);
}

std::vector<AcceleratorUse> read_accelerators(const wire::Usage& table, FieldReader& reader) {
  return AcceleratorReader(table, reader).read();
}

bool addresses_left_out(const wire::Usage& table) {
  return table.accelerator_flags() != nullptr && table.accelerator_flags()->size() > 0 && table.accelerator_pci_addresses() == nullptr;
}

}  // namespace capmap
