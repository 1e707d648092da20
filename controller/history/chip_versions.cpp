#include "controller/history/chip_versions.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "common/chip_table_own.hpp"

namespace capmap {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostLoaded = 2, kMostFileBytes = std::size_t{64} << 20, kMostVersions = 1'000;

using Files = std::map<std::string, std::string>;  ///< name -> content

Error error_at(const fs::path& path, const char* doing, const std::error_code& error) {
  const auto code = error == std::errc::no_space_on_device  ? ErrorCode::kFull
                    : error == std::errc::permission_denied ? ErrorCode::kDenied
                                                            : ErrorCode::kUnavailable;
  return {code, path.string() + ": cannot " + doing + ": " + error.message()};
}

/// What a chip table is made of: its CSV files and VERSION.
Result<Files> read_files(const fs::path& folder) {
  Files files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (name != "VERSION" && entry.path().extension() != ".csv") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.good() && !in.eof()) return Error{ErrorCode::kDenied, entry.path().string() + ": cannot be read"};
    if (text.size() > kMostFileBytes) return Error{ErrorCode::kMalformed, entry.path().string() + ": is over 64 MiB"};
    files.emplace(name, std::move(text));
  }
  if (error) return error_at(folder, "read", error);
  if (!files.contains("VERSION")) return Error{ErrorCode::kAbsent, (folder / "VERSION").string() + ": is not there"};
  return files;
}

/// A version is a word from a file: only what is harmless in a path.
std::string name_of(const std::string& version_file) {
  std::string name = version_file.substr(0, version_file.find_first_of("\r\n"));
  std::erase_if(name, [](char c) { return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.'); });
  while (name.starts_with('.')) name.erase(0, 1);
  return name.empty() ? "unnamed" : name.substr(0, 32);
}

std::string hash_of(const Files& files) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, crypto_generichash_BYTES);
  const auto add = [&state](const std::string& text) {
    const std::uint64_t size = text.size();
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  };
  for (const auto& [name, text] : files) {
    add(name);
    add(text);
  }
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  crypto_generichash_final(&state, hash.data(), hash.size());
  std::array<char, 9> text{};
  sodium_bin2hex(text.data(), text.size(), hash.data(), 4);
  return text.data();
}

}  // namespace

Result<std::string> ChipVersions::keep(const std::string& catalog_folder, const OwnChips& own) {
  auto files = read_files(catalog_folder);
  if (!files) return files.error();
  for (std::size_t i = 0; i < kChipFileCount; ++i) {
    const auto file = "own_" + std::string(kChipFileNames[i]) + ".csv";
    files->erase(file);
    if (!own[i].empty()) files->emplace(file, own[i]);
  }
  auto name = name_of(files->at("VERSION"));
  if (const auto mark = own_chips_mark(own); !mark.empty()) name += "-" + mark;
  for (const auto& candidate : {name, name + "-" + hash_of(*files)}) {
    name = candidate;
    std::error_code error;
    if (!fs::exists(fs::path(folder_) / name, error)) break;
    const auto kept = read_files(fs::path(folder_) / name);
    if (kept && *kept == *files) return name;
  }
  std::error_code error;
  const auto draft = fs::path(folder_) / (name + ".new");
  fs::remove_all(draft, error);
  if (!fs::create_directories(draft, error) && error) return error_at(draft, "create", error);
  for (const auto& [file, text] : *files) {
    std::ofstream out(draft / file, std::ios::binary);
    out << text;
    out.flush();
    if (!out) return Error{ErrorCode::kFull, (draft / file).string() + ": cannot be written: is its disk full?"};
  }
  fs::rename(draft, fs::path(folder_) / name, error);
  if (error) return error_at(fs::path(folder_) / name, "rename into place", error);
  return name;
}

std::vector<std::string> ChipVersions::names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const auto name = entry.path().filename().string();
    if (!name.ends_with(".new") && names.size() < kMostVersions) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Result<std::shared_ptr<const ChipTable>> ChipVersions::load(const std::string& name) {
  const auto found = std::ranges::find(loaded_, name, &decltype(loaded_)::value_type::first);
  if (found != loaded_.end()) return found->second;
  const auto there = names();
  if (std::ranges::find(there, name) == there.end()) {
    std::string known;
    for (const auto& other : there) known += (known.empty() ? "" : ", ") + other;
    return Error{ErrorCode::kAbsent,
                 "chips: no chip table of version \"" + name + "\" is kept; there are: " + (known.empty() ? "none" : known)};
  }
  auto table = ChipTable::load(folder_ + "/" + name);
  if (!table) return table.error();
  if (loaded_.size() == kMostLoaded) loaded_.erase(loaded_.begin());
  return loaded_.emplace_back(name, std::make_shared<const ChipTable>(std::move(*table))).second;
}

}  // namespace capmap
