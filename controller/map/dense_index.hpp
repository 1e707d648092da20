#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/check.hpp"

namespace capmap {

/// From a key's hash to a dense number (a row, a slot) whose key the caller keeps: open addressing in 1,024 parts, each of which grows by
/// itself, so that no growth stops the writer for long. An entry is a number and six bits of its key's hash. One thread; pure.
/// hash_of(number) must tell the hash the number was added with.
class DenseIndex {
 public:
  static constexpr std::uint32_t kMost = (1U << 26U) - 2;  ///< what an entry can name

  DenseIndex() : parts_(kParts) {}
  /// is_it(number): whether its key is the wanted one.
  template <class IsIt>
  [[nodiscard]] std::optional<std::uint32_t> find(std::size_t hash, IsIt is_it) const {
    const auto& entries = parts_[part_of(hash)].entries;
    if (entries.empty()) return std::nullopt;
    const auto bits = entry_of(hash, 0) & ~kNumberMask;
    for (std::size_t at = home_of(hash, entries.size()); entries[at] != 0;) {
      if ((entries[at] & ~kNumberMask) == bits && is_it(number_of(entries[at]))) return number_of(entries[at]);
      if (++at == entries.size()) at = 0;
    }
    return std::nullopt;
  }

  /// The key must not be there yet.
  template <class HashOf>
  void add(std::size_t hash, std::uint32_t number, HashOf hash_of) {
    check(number <= kMost, "more entries than an index can name");
    auto& part = parts_[part_of(hash)];
    const auto size = part.entries.size();
    // Entries lie side by side: a long search is a few lines of cache.
    if ((part.used + 1) * 16 > size * 15) resize(part, size + size / 16 + kFirstEntries, hash_of);
    put(part, hash, entry_of(hash, number));
    ++part.used;
  }

  /// What stands behind the gap moves up into it where it was only pushed on from there, so that no search ends too early.
  template <class HashOf>
  void remove(std::size_t hash, std::uint32_t number, HashOf hash_of) {
    auto& part = parts_[part_of(hash)];
    auto& entries = part.entries;
    const auto next = [&entries](std::size_t at) { return at + 1 == entries.size() ? 0 : at + 1; };
    auto gap = home_of(hash, entries.size());
    while (entries[gap] != entry_of(hash, number)) gap = next(gap);
    for (auto from = next(gap); entries[from] != 0; from = next(from)) {
      const auto home = home_of(hash_of(number_of(entries[from])), entries.size());
      const auto distance = [&entries](std::size_t begin, std::size_t end) {
        return end >= begin ? end - begin : end + entries.size() - begin;
      };
      if (distance(home, from) < distance(gap, from)) continue;
      entries[gap] = entries[from];
      gap = from;
    }
    entries[gap] = 0;
    --part.used;
  }

  /// Makes room for so many numbers at once, where they come at once.
  template <class HashOf>
  void reserve(std::size_t numbers, HashOf hash_of) {
    const auto a_part = numbers / kParts + numbers / kParts / 8 + kFirstEntries;  // hashes are random: parts differ by some percent
    for (auto& part : parts_) {
      if (part.entries.size() < a_part) resize(part, a_part, hash_of);
    }
  }

  [[nodiscard]] std::size_t bytes() const {
    std::size_t bytes = 0;
    for (const auto& part : parts_) bytes += part.entries.capacity() * sizeof(std::uint32_t);
    return bytes;
  }

 private:
  static constexpr std::size_t kParts = 1'024, kFirstEntries = 8;
  static constexpr std::uint32_t kNumberBits = 26, kNumberMask = (1U << kNumberBits) - 1;
  struct Part {
    std::vector<std::uint32_t> entries;  ///< 0 = empty, else hash bits above number + 1
    std::uint32_t used = 0;
  };

  static std::size_t part_of(std::size_t hash) { return hash >> 54U; }
  static std::uint32_t entry_of(std::size_t hash, std::uint32_t number) {
    return static_cast<std::uint32_t>(hash >> 48U & 0x3FU) << kNumberBits | (number + 1);
  }
  static std::uint32_t number_of(std::uint32_t entry) { return (entry & kNumberMask) - 1; }
  /// Where a search begins: the low half of the hash, spread evenly over any number of entries.
  static std::size_t home_of(std::size_t hash, std::size_t entries) {
    const auto mixed = static_cast<std::uint32_t>(hash * 0x9E37'79B9'7F4A'7C15U >> 32U);
    return static_cast<std::size_t>(std::uint64_t{mixed} * entries >> 32U);
  }
  static void put(Part& part, std::size_t hash, std::uint32_t entry) {
    auto at = home_of(hash, part.entries.size());
    while (part.entries[at] != 0) {
      if (++at == part.entries.size()) at = 0;
    }
    part.entries[at] = entry;
  }
  template <class HashOf>
  static void resize(Part& part, std::size_t entries, HashOf hash_of) {
    Part grown;
    grown.entries.resize(entries);
    for (const auto entry : part.entries) {
      if (entry != 0) put(grown, hash_of(number_of(entry)), entry);
    }
    part.entries = std::move(grown.entries);
  }

  std::vector<Part> parts_;
};

}  // namespace capmap
