#pragma once
#include <string_view>
#include <vector>

namespace capmap {

/// A file of the console (controller/web/dist), as it was when this was built.
struct WebFile {
  std::string_view name;    ///< "index.html", without a folder
  std::string_view plain;   ///< its bytes
  std::string_view gzip;    ///< the same, compressed
  std::string_view brotli;  ///< likewise
};

/// All of them. They lie in the program: nothing is read from disk, and nothing needs npm.
const std::vector<WebFile>& web_files();

}  // namespace capmap
