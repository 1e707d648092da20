#include "agent/sample_frames.hpp"

#include <algorithm>
#include <string_view>

#include "agent/fields.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostDevices = 1'024, kMostProblems = 64, kMostFileSystems = 64, kMostDies = 16, kMostDrivers = 16;
constexpr std::uint32_t kMostPermille = 1'000;
constexpr std::string_view kEnd = "end\n";

std::string clean(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return line;
}

template <class Number>
void put(std::string& line, const char* word, const std::optional<Number>& value) {
  if (value) line += std::string(" ") + word + "=" + std::to_string(static_cast<std::uint64_t>(*value));
}

std::string device_line(const DeviceRow& row) {
  std::string line = "device " + clean(row.use.pci_address);
  put(line, "age_ms", std::optional(row.age_ms));
  put(line, "used", row.use.used);
  put(line, "memory_mib", row.use.memory_used_mib);
  put(line, "busy", row.use.busy_permille);
  put(line, "healthy", row.use.healthy);
  put(line, "watts", row.use.power_watts);
  put(line, "partitions", row.use.partitions);
  put(line, "celsius", row.use.temperature_celsius);
  put(line, "limit", row.power_limit_watts);
  put(line, "bytes", row.memory_bytes);
  if (!row.pci_id.empty()) line += " id=" + clean(row.pci_id);
  for (const auto& die : row.more_dies) line += " die=" + clean(die);
  if (!row.name.empty()) line += " name=" + clean(row.name);
  return line + "\n";
}

std::string driver_line(const AcceleratorDriver& driver) {
  std::string cuda = clean(driver.cuda_version);
  std::erase(cuda, ' ');
  return "driver " + clean(driver.name) + (cuda.empty() ? "" : " cuda=" + cuda) + " version=" + clean(driver.version) + "\n";
}

std::string mount_line(const FileSystemRow& row) {
  std::string line = "mount";
  put(line, "age_ms", std::optional(row.age_ms));
  put(line, "size_mb", row.use.size_mb);
  put(line, "used_mb", row.use.used_mb);
  if (!row.use.type.empty()) line += " type=" + clean(row.use.type);
  return line + " source=" + clean(row.use.source) + "\n";
}

bool set_flag(std::optional<bool>& target, std::uint64_t value) {
  target = value != 0;
  return value <= 1;
}

bool set_number(std::optional<std::uint32_t>& target, std::uint64_t value, std::uint32_t most = UINT32_MAX) {
  target = to_u32(value);
  return target && *target <= most;
}

/// One "word=number" of a device; false when it has no meaning.
bool set_word(DeviceRow& row, std::string_view word, std::string_view text) {
  const auto value = to_number(text);
  if (!value) return false;
  auto& use = row.use;
  if (word == "used") return set_flag(use.used, *value);
  if (word == "healthy") return set_flag(use.healthy, *value);
  if (word == "memory_mib") return set_number(use.memory_used_mib, *value);
  if (word == "busy") return set_number(use.busy_permille, *value, kMostPermille);
  if (word == "watts") return set_number(use.power_watts, *value);
  if (word == "partitions") return set_number(use.partitions, *value);
  if (word == "celsius") return set_number(use.temperature_celsius, *value);
  if (word == "limit") return set_number(row.power_limit_watts, *value);
  if (word == "bytes") {
    row.memory_bytes = *value;
    return true;
  }
  const auto age = to_u32(*value);
  row.age_ms = age.value_or(0);
  return word == "age_ms" && age;
}

bool read_device(std::string_view line, SampleFrame& frame) {
  auto& row = frame.rows.emplace_back();
  row.use.pci_address = take_word(line);
  while (!line.empty()) {
    line.remove_prefix(1);
    if (line.starts_with("name=")) {
      row.name = line.substr(5);
      break;
    }
    auto word = take_word(line);
    const auto key = take_until(word, '=');
    if (key == "id") {
      row.pci_id = word;
    } else if (key == "die") {
      row.more_dies.emplace_back(word);
      if (row.more_dies.size() > kMostDies) return false;
    } else if (!set_word(row, key, word)) {
      return false;
    }
  }
  const auto count = frame.rows.size();
  const bool ordered = count < 2 || frame.rows[count - 2].use.pci_address < row.use.pci_address;
  return !row.use.pci_address.empty() && count <= kMostDevices && ordered;
}

bool read_mount(std::string_view line, SampleFrame& frame) {
  auto& row = frame.file_systems.emplace_back();
  while (!line.empty()) {
    line.remove_prefix(1);
    if (line.starts_with("source=")) {
      row.use.source = line.substr(7);
      break;
    }
    auto word = take_word(line);
    const auto key = take_until(word, '=');
    const auto value = to_number(word);
    if (key == "type") {
      row.use.type = word;
    } else if (!value) {
      return false;
    } else if (key == "size_mb") {
      row.use.size_mb = *value;
    } else if (key == "used_mb") {
      row.use.used_mb = *value;
    } else if (key != "age_ms" || *value > UINT32_MAX) {
      return false;
    } else {
      row.age_ms = static_cast<std::uint32_t>(*value);
    }
  }
  const auto count = frame.file_systems.size();
  const bool ordered = count < 2 || frame.file_systems[count - 2].use.source < row.use.source;
  return !row.use.source.empty() && count <= kMostFileSystems && ordered;
}

/// What stands behind "version=" is all of it: drivers write words with blanks.
bool read_driver(std::string_view line, SampleFrame& frame) {
  auto& driver = frame.drivers.emplace_back();
  driver.name = take_word(line);
  if (!line.empty()) line.remove_prefix(1);
  if (line.starts_with("cuda=")) {
    driver.cuda_version = take_word(line).substr(5);
    if (!line.empty()) line.remove_prefix(1);
  }
  if (!line.starts_with("version=")) return false;
  driver.version = line.substr(8);
  return !driver.name.empty() && frame.drivers.size() <= kMostDrivers;
}

bool read_line(std::string_view line, SampleFrame& frame) {
  const auto kind = take_word(line);
  if (kind == "mount") return read_mount(line, frame);
  if (kind == "device") return read_device(line, frame);
  if (kind == "driver") return read_driver(line, frame);
  if (kind == "problem") {
    const auto probe = take_word(line);
    if (!line.empty()) line.remove_prefix(1);
    frame.problems.push_back({.probe = std::string(probe), .what = std::string(line)});
    return !probe.empty() && frame.problems.size() <= kMostProblems;
  }
  frame.mode_change_pending = true;
  return kind == "pending" && line.empty();
}

Result<SampleFrame> read_frame(std::string_view text) {
  SampleFrame frame;
  while (!text.empty()) {
    const auto line = clean(take_line(text));  // a writer of ours has done so; another's bytes go no further either
    if (!read_line(line, frame)) {
      return Error{ErrorCode::kMalformed, "capmap-probe: \"" + line.substr(0, 80) + "\" is not understood here"};
    }
  }
  return frame;
}

}  // namespace

std::string write_sample_frame(const SampleFrame& frame) {
  std::string text;
  for (std::size_t i = 0; i < std::min(frame.rows.size(), kMostDevices); ++i) text += device_line(frame.rows[i]);
  for (std::size_t i = 0; i < std::min(frame.file_systems.size(), kMostFileSystems); ++i) text += mount_line(frame.file_systems[i]);
  for (std::size_t i = 0; i < std::min(frame.drivers.size(), kMostDrivers); ++i) text += driver_line(frame.drivers[i]);
  if (frame.mode_change_pending) text += "pending\n";
  for (std::size_t i = 0; i < std::min(frame.problems.size(), kMostProblems); ++i) {
    text += "problem " + clean(frame.problems[i].probe) + " " + clean(frame.problems[i].what) + "\n";
  }
  text += kEnd;
  return text;
}

std::optional<Result<SampleFrame>> take_sample_frame(std::string& text) {
  const auto last = text.starts_with(kEnd) ? 0 : text.find("\nend\n") + 1;  // npos + 1 is 0
  const bool whole = text.starts_with(kEnd) || last != 0;
  if (!whole || last > kMaxSampleFrameBytes) {
    if (text.size() <= kMaxSampleFrameBytes) return std::nullopt;
    text.clear();
    return Error{ErrorCode::kMalformed, "capmap-probe: a frame of over 128 KiB"};
  }
  auto frame = read_frame(std::string_view(text).substr(0, last));
  text.erase(0, frame ? last + kEnd.size() : text.size());
  return frame;
}

}  // namespace capmap
