#pragma once
#include <span>

#include "controller/http/json.hpp"
#include "controller/http/routes.hpp"

namespace capmap {

/// One column of a list as CSV: its title, and where its value stands in a row (a JSON pointer).
struct PageColumn {
  const char* title;
  const char* at;
};

/// How a page of a list goes out: as JSON, or as CSV where the Accept header wants it more; then the cursor of the next page stands in a
/// Link header (RFC 8288), what is not known is empty, and lists of words stand in one field with "; " between. Copies what it needs of
/// the call.
class PageForm {
 public:
  explicit PageForm(const Call& call);
  [[nodiscard]] bool csv() const { return csv_; }
  /// `answer` has its rows as an array under that name, and the cursor under "next", or null. Columns: static.
  [[nodiscard]] HttpResponse response(const Json& answer, const char* rows, std::span<const PageColumn> columns) const;

 private:
  bool csv_;
  Target target_;
};

}  // namespace capmap
