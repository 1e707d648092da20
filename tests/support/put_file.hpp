#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace capmap::support {

/// Writes a file, with its folders, in place of what was there.
inline void put_file(const std::string& path, const std::string& text) {
  std::error_code exists;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), exists);
  std::ofstream(path, std::ios::binary) << text;
}

/// All of it; empty where it is not there.
inline std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace capmap::support
