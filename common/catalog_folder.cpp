#include "common/catalog_folder.hpp"

#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <vector>

#include "common/host_root.hpp"

namespace capmap {
namespace {

/// Folder of the running program, without a trailing slash; empty where /proc does not tell.
std::string program_folder() {
  char buffer[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", buffer, sizeof buffer);
  if (length <= 0) return {};
  const std::string path(buffer, static_cast<std::size_t>(length));
  return path.substr(0, path.rfind('/'));
}

}  // namespace

Result<std::string> find_catalog(const std::string& wanted) {
  std::vector<std::string> places;
  const char* named = std::getenv("CAPMAP_CATALOG");
  if (!wanted.empty()) {
    places.push_back(wanted);
  } else if (named != nullptr && *named != '\0') {
    places.emplace_back(named);
  } else {
    std::string folder = program_folder();
    places.push_back(folder + "/../share/capmap/catalog");
    for (int up = 0; up < 4 && !folder.empty(); ++up) {
      places.push_back(folder + "/schemas/catalog");
      folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/'));
    }
    places.emplace_back("/usr/share/capmap/catalog");
  }
  std::string tried;
  for (const auto& place : places) {
    if (access((place + "/VERSION").c_str(), R_OK) == 0) return place;
    tried += (tried.empty() ? "" : ", ") + place;
  }
  return Error{ErrorCode::kAbsent, "no chip table (a folder with VERSION and cpus.csv) in " + tried};
}

Result<CsvTable> read_catalog_file(const std::string& folder, const char* file) {
  const HostRoot root(folder);
  const auto text = root.read(file, CsvLimits{}.text_bytes);
  if (!text) return Error{text.error().code, root.path() + text.error().what};
  return parse_csv(root.path() + file, *text);
}

}  // namespace capmap
