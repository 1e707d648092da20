#include "agent/probe/smbios.hpp"

#include <algorithm>
#include <array>

#include "agent/probe/placeholder.hpp"

namespace capmap {
namespace {

constexpr std::size_t kHeader = 4, kMaxStructures = 4'096, kMaxText = 64;
constexpr std::uint8_t kBios = 0, kSystem = 1, kBoard = 2, kProcessor = 4, kMemoryDevice = 17, kEnd = 127;
constexpr std::uint64_t kMaxModuleBytes = std::uint64_t{16} << 40;
constexpr std::uint32_t kMaxMhz = 20'000, kMaxMts = 100'000, kMaxCores = 4'096;

/// One structure: its formatted bytes, and the texts behind them.
struct Structure {
  std::string_view bytes, texts;

  [[nodiscard]] std::uint8_t type() const { return static_cast<std::uint8_t>(bytes[0]); }
  /// A little-endian number; absent when the structure is of an older, shorter form.
  [[nodiscard]] std::optional<std::uint64_t> number(std::size_t at, std::size_t size) const {
    if (at + size > bytes.size()) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i - 1]);
    return value;
  }
  /// The text whose number stands at `at`; empty when none, and for what makers write in place of one.
  [[nodiscard]] std::string text(std::size_t at) const;
};

std::string Structure::text(std::size_t at) const {
  const auto wanted = number(at, 1).value_or(0);
  std::string_view rest = texts;
  for (std::uint64_t i = 1; i < wanted && !rest.empty(); ++i) {
    const auto end = rest.find('\0');
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  if (wanted == 0) return "";
  std::string clean(rest.substr(0, std::min(rest.find('\0'), kMaxText)));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
  return told_text(clean);
}

/// Takes the next structure off the table; false at its end, or where what stands there is none.
bool next_structure(std::string_view& table, Structure& structure) {
  if (table.size() < kHeader) return false;
  const std::size_t length = static_cast<std::uint8_t>(table[1]);
  if (length < kHeader || length > table.size()) return false;
  const auto end = table.find(std::string_view("\0\0", 2), length);
  if (end == std::string_view::npos) return false;
  structure = {.bytes = table.substr(0, length), .texts = table.substr(length, end - length)};
  table = table.substr(end + 2);
  return true;
}

/// A figure within its bounds; 0 says "unknown" in every field of these tables.
std::optional<std::uint32_t> figure(std::optional<std::uint64_t> value, std::uint32_t most, const char* what,
                                    std::vector<Problem>& problems) {
  if (!value || *value == 0) return std::nullopt;
  if (*value <= most) return static_cast<std::uint32_t>(*value);
  const Problem problem{"smbios", std::string("sys/firmware/dmi/tables/DMI: ") + what + " of " + std::to_string(*value)};
  if (std::find(problems.begin(), problems.end(), problem) == problems.end()) problems.push_back(problem);
  return std::nullopt;
}

void read_bios(const Structure& structure, Smbios& smbios) {
  smbios.bios_version = structure.text(5);
  smbios.bios_date = structure.text(8);
}

/// The first board is the main one.
void read_board(const Structure& structure, Smbios& smbios) {
  if (!smbios.board_manufacturer.empty() || !smbios.board.empty()) return;
  smbios.board_manufacturer = structure.text(4);
  smbios.board = structure.text(5);
}

void read_system(const Structure& structure, Smbios& smbios) {
  smbios.manufacturer = structure.text(4);
  smbios.product = structure.text(5);
  if (structure.bytes.size() < 24) return;
  const std::string_view uuid = structure.bytes.substr(8, 16);
  const auto all = [uuid](char byte) { return uuid.find_first_not_of(byte) == std::string_view::npos; };
  smbios.has_uuid = !all('\0') && !all('\xff');
}

void read_processor(const Structure& structure, Smbios& smbios, std::vector<Problem>& problems) {
  constexpr std::uint64_t kCentral = 3, kFilled = 1 << 6;
  if (structure.number(5, 1) != kCentral) return;
  ++smbios.sockets;
  if ((structure.number(24, 1).value_or(0) & kFilled) == 0) return;
  SocketedProcessor processor{.model = structure.text(16), .max_mhz = {}, .current_mhz = {}, .cores = {}};
  processor.max_mhz = figure(structure.number(20, 2), kMaxMhz, "a processor's MHz", problems);
  processor.current_mhz = figure(structure.number(22, 2), kMaxMhz, "a processor's MHz", problems);
  auto cores = structure.number(35, 1);
  if (cores == 0xff) cores = structure.number(42, 2);  // more than the byte holds; absent before version 3.0
  processor.cores = figure(cores, kMaxCores, "a processor's cores", problems);
  smbios.processors.push_back(std::move(processor));
}

/// Table 78 of DSP0134, of those in use; persistent memory is told by its technology before its type.
std::string module_type(const Structure& structure) {
  struct Type {
    std::uint8_t code;
    const char* word;
  };
  constexpr std::array kTypes = std::to_array<Type>({{0x12, "DDR"},
                                                     {0x13, "DDR2"},
                                                     {0x14, "DDR2"},
                                                     {0x18, "DDR3"},
                                                     {0x1a, "DDR4"},
                                                     {0x1b, "LPDDR"},
                                                     {0x1c, "LPDDR2"},
                                                     {0x1d, "LPDDR3"},
                                                     {0x1e, "LPDDR4"},
                                                     {0x1f, "persistent"},
                                                     {0x20, "HBM"},
                                                     {0x21, "HBM2"},
                                                     {0x22, "DDR5"},
                                                     {0x23, "LPDDR5"},
                                                     {0x24, "HBM3"}});
  const auto technology = structure.number(40, 1).value_or(0);
  if (technology >= 4 && technology <= 7) return "persistent";  // NVDIMM-N, -F, -P, Intel Optane
  const auto code = structure.number(18, 1).value_or(0);
  const auto at = std::find_if(kTypes.begin(), kTypes.end(), [code](const Type& type) { return type.code == code; });
  return at == kTypes.end() ? "" : at->word;
}

/// MiB, or KiB with the top bit; 0x7fff sends to the wider field; 0xffff is not known.
std::optional<std::uint64_t> module_bytes(const Structure& structure, std::uint64_t size, std::vector<Problem>& problems) {
  if (size == 0xffff) return std::nullopt;
  std::uint64_t bytes = (size & 0x8000) != 0 ? (size & 0x7fff) << 10 : size << 20;
  if (size == 0x7fff) bytes = (structure.number(28, 4).value_or(0) & 0x7fff'ffff) << 20;
  if (bytes != 0 && bytes <= kMaxModuleBytes) return bytes;
  const Problem problem{"smbios", "sys/firmware/dmi/tables/DMI: a memory module of " + std::to_string(bytes) + " bytes"};
  if (std::find(problems.begin(), problems.end(), problem) == problems.end()) problems.push_back(problem);
  return std::nullopt;
}

void read_module(const Structure& structure, Smbios& smbios, std::vector<Problem>& problems) {
  const auto size = structure.number(12, 2);
  if (!size) return;
  ++smbios.slots;
  if (*size == 0) return;
  MemoryModule module{.bytes = module_bytes(structure, *size, problems), .type = module_type(structure), .speed_mts = {}};
  module.speed_mts = figure(structure.number(32, 2), kMaxMts, "a memory module's MT/s", problems);
  if (!module.speed_mts) module.speed_mts = figure(structure.number(21, 2), kMaxMts, "a memory module's MT/s", problems);
  smbios.modules.push_back(std::move(module));
}

}  // namespace

std::optional<std::uint64_t> Smbios::installed_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& module : modules) {
    if (!module.bytes) return std::nullopt;
    sum += *module.bytes;  // at most 4,096 modules of 16 TiB
  }
  return modules.empty() ? std::nullopt : std::optional<std::uint64_t>(sum);
}

Result<Probed<Smbios>> parse_smbios(std::string_view table) {
  Probed<Smbios> probed;
  Structure structure;
  std::size_t count = 0;
  for (; count < kMaxStructures && next_structure(table, structure); ++count) {
    if (structure.type() == kBios) read_bios(structure, probed.value);
    if (structure.type() == kBoard) read_board(structure, probed.value);
    if (structure.type() == kSystem) read_system(structure, probed.value);
    if (structure.type() == kProcessor) read_processor(structure, probed.value, probed.problems);
    if (structure.type() == kMemoryDevice) read_module(structure, probed.value, probed.problems);
    if (structure.type() == kEnd) return probed;
  }
  if (count == 0) return Error{ErrorCode::kMalformed, "sys/firmware/dmi/tables/DMI: no whole structure in it"};
  if (!table.empty())
    probed.problems.push_back({"smbios", "sys/firmware/dmi/tables/DMI: cut short or damaged behind structure " + std::to_string(count)});
  return probed;
}

std::string without_secrets(std::string_view table) {
  struct Kept {
    std::uint8_t type;
    std::array<std::size_t, 2> texts;  ///< where the numbers of texts stand that are read; 0 = none
  };
  constexpr std::array kKept =
      std::to_array<Kept>({{kBios, {5, 8}}, {kSystem, {4, 5}}, {kBoard, {4, 5}}, {kProcessor, {16, 0}}, {kMemoryDevice, {0, 0}}});
  std::string clean;
  Structure structure;
  for (std::size_t count = 0; count < kMaxStructures && next_structure(table, structure); ++count) {
    const auto kept = std::find_if(kKept.begin(), kKept.end(), [&](const Kept& one) { return one.type == structure.type(); });
    const bool whole = kept != kKept.end();
    std::string bytes(structure.bytes.substr(0, whole ? structure.bytes.size() : kHeader)), texts;
    bytes[1] = static_cast<char>(bytes.size());
    bytes[2] = bytes[3] = 0;  // its handle
    if (structure.type() == kSystem && bytes.size() >= 24) {
      const std::string_view uuid = std::string_view(bytes).substr(8, 16);
      const bool none = uuid.find_first_not_of('\0') == std::string_view::npos || uuid.find_first_not_of('\xff') == std::string_view::npos;
      if (!none) bytes.replace(8, 16, 16, '\x01');
    }
    std::vector<std::string> kept_texts;
    for (const std::size_t at : whole ? kept->texts : std::array<std::size_t, 2>{}) {
      if (at == 0 || at >= bytes.size()) continue;
      auto text = structure.text(at);
      if (!text.empty()) kept_texts.push_back(std::move(text));
      bytes[at] = static_cast<char>(kept_texts.empty() || structure.text(at).empty() ? 0 : kept_texts.size());
    }
    for (const auto& text : kept_texts) texts += text + '\0';
    clean += bytes + (texts.empty() ? std::string(2, '\0') : texts + '\0');
    if (structure.type() == kEnd) return clean;
  }
  return table.empty() ? clean : clean + '\0';  // as damaged behind them as it was
}

Result<Probed<Smbios>> read_smbios(const HostRoot& root) {
  const auto table = root.read(kSmbiosFile, kMaxSmbiosBytes);
  if (!table) return table.error();
  return parse_smbios(*table);
}

}  // namespace capmap
