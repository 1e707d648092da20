#pragma once
#include "controller/http/message.hpp"
#include "controller/http/target.hpp"
#include "controller/sql/csv_text.hpp"

namespace capmap {

/// Whether the reader would rather have text/csv than JSON, by its Accept header: it must name it.
bool wants_csv(const HttpRequest& request);

/// The same question from another row on, as a Link header names it (RFC 8288).
std::string next_link(const Target& target, const std::string& cursor);

HttpResponse csv_response(const CsvText& table);

}  // namespace capmap
