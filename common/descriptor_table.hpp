#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

struct CsvTable;

/// What a descriptor's field may say: texts that a site declares or is known by, and figures of what stands there, in integer base units
/// (MFLOP/s, bytes, bit/s, watts, pieces).
inline constexpr std::array kDescriptorTexts = {"edition",    "region_4",           "codes.city", "codes.industry", "codes.organization",
                                                "codes.zone", "codes.service_type", "place",      "models",         "free_models"};
inline constexpr std::array kDescriptorFigures = {"nodes",
                                                  "packages",
                                                  "cores",
                                                  "memory_bytes",
                                                  "storage_bytes",
                                                  "flash_bytes",
                                                  "network_bps",
                                                  "accelerators",
                                                  "power_watts",
                                                  "cpu_peak_fp64_mflops",
                                                  "cpu_peak_fp32_mflops",
                                                  "accelerator_peak_fp64_mflops",
                                                  "accelerator_peak_fp32_mflops",
                                                  "accelerator_peak_fp16_mflops",
                                                  "peak_fp64_mflops",
                                                  "available_nodes",
                                                  "available_packages",
                                                  "available_cores",
                                                  "available_cpu_peak_fp64_mflops",
                                                  "available_cpu_peak_fp32_mflops",
                                                  "available_accelerator_peak_fp64_mflops",
                                                  "available_accelerator_peak_fp32_mflops",
                                                  "available_accelerator_peak_fp16_mflops",
                                                  "available_peak_fp64_mflops",
                                                  "free_memory_bytes",
                                                  "free_storage_bytes",
                                                  "free_accelerators"};
/// Kinds of rows: what a site declares itself to be, or what stands there; a form tells its rows apart by one of the two.
inline constexpr std::array kDescriptorClasses = {"general", "intelligent", "super", "edge"};
inline constexpr std::array kDescriptorResources = {"cpu", "accelerator", "memory", "storage"};

/// One field of an encoder, in the order in which they are written.
struct DescriptorField {
  enum class Alphabet : std::uint8_t { kDigits, kLower, kUpper, kName };  ///< 0-9; a-z 0-9; A-Z 0-9; a-z A-Z 0-9 _ - + =
  std::string part;  ///< fields of one part stand side by side, parts have a dot between them
  std::string kind;  ///< of rows that have it; empty = all
  std::string name, prefix;
  std::uint32_t width = 0;  ///< characters behind the prefix; 0 = as many as it takes
  Alphabet alphabet = Alphabet::kDigits;
  bool padded = false;           ///< with noughts in front up to the width; else a text must fill it
  std::string total, available;  ///< edition K1 and K2: one of the texts or figures above, or "=TEXT"; empty = nothing tells it
  std::uint64_t unit = 0;        ///< base units in one; what is over is cut off; 0 for texts
  bool required = false;         ///< without it there is no descriptor; else it is left out
  std::string meaning, source;
  bool operator==(const DescriptorField&) const = default;
};

/// One encoder: a form of descriptors and its version.
struct DescriptorForm {
  std::string form;  ///< "a"
  std::uint32_t version = 0;
  bool by_class = false;           ///< its kinds are kDescriptorClasses, else kDescriptorResources
  std::vector<std::string> kinds;  ///< in the order of the table
  std::vector<DescriptorField> fields;
  bool operator==(const DescriptorForm&) const = default;
};

/// Encoders of descriptors as data: `descriptors.csv` of the catalog folder. Immutable once loaded; any thread.
class DescriptorTable {
 public:
  /// Errors: kAbsent, kMalformed naming file, line and column (an unknown text or figure, a field that runs into the next, no kind), kFull.
  static Result<DescriptorTable> load(const std::string& directory);
  /// The same of a table that was read: all or nothing.
  static Result<DescriptorTable> read(const CsvTable& table);

  /// Newest version of a form; nullptr: none is called so.
  [[nodiscard]] const DescriptorForm* find(std::string_view form) const;
  /// By form, then by version.
  [[nodiscard]] const std::vector<DescriptorForm>& forms() const { return forms_; }

 private:
  std::vector<DescriptorForm> forms_;
};

bool is_descriptor_figure(std::string_view name);
/// Whether all characters are of an alphabet.
bool fits_alphabet(DescriptorField::Alphabet alphabet, std::string_view text);

}  // namespace capmap
