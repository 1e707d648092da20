#pragma once
#include <string>

#include "common/result.hpp"
#include "controller/ctl/commands.hpp"

namespace capmap {

struct BulletinQuestion {
  std::string format = "md";  ///< md, html, csv or json
  std::string language;       ///< en or zh; empty: of the locale
  std::string to, pdf;        ///< files; empty: to the screen
};

/// `bulletin national`: what the map holds beside what others have published. With `pdf` an installed browser prints it. Errors: of the
/// controller, of the file, kAbsent where no browser is installed.
Result<Done> show_bulletin(const ApiConnection& connection, const Screen& screen, const BulletinQuestion& question);

}  // namespace capmap
