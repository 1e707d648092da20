#include "controller/ctl/region_files.hpp"

#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "common/csv.hpp"

namespace capmap {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Result<std::string> read_file(const std::string& path) {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (status.type() == std::filesystem::file_type::not_found) return Error{ErrorCode::kAbsent, path + ": is not there"};
  if (failure) return Error{ErrorCode::kDenied, path + ": " + failure.message()};
  if (!std::filesystem::is_regular_file(status)) return Error{ErrorCode::kMalformed, path + ": is no file"};
  const auto bytes = std::filesystem::file_size(path, failure);
  if (failure) return Error{ErrorCode::kDenied, path + ": " + failure.message()};
  if (bytes > kMostRegionFileBytes) {
    return Error{ErrorCode::kFull, path + ": has " + std::to_string(bytes) + " bytes; at most " + std::to_string(kMostRegionFileBytes) +
                                       " are read, and a list down to counties has some 100,000"};
  }
  std::string text(bytes, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), static_cast<std::streamsize>(bytes))) return Error{ErrorCode::kDenied, path + ": cannot be read"};
  return text;
}

}  // namespace

Result<std::vector<ListedRegion>> read_region_files(const std::vector<std::string>& files) {
  RegionListReader reader;
  for (const auto& path : files) {
    const auto text = read_file(path);
    if (!text) return text.error();
    std::string_view content = *text;
    if (content.starts_with(kByteOrderMark)) content.remove_prefix(kByteOrderMark.size());
    const auto table = parse_csv(path, content, {.text_bytes = kMostRegionFileBytes});
    if (!table) return table.error();
    if (auto added = reader.add(*table); !added) return added.error();
  }
  return reader.rows();
}

}  // namespace capmap
