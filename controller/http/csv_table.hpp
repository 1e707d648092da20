#pragma once
#include "controller/http/message.hpp"
#include "controller/sql/csv_text.hpp"

namespace capmap {

/// Whether the reader would rather have text/csv than JSON, by its Accept header: it must name it.
bool wants_csv(const HttpRequest& request);

HttpResponse csv_response(const CsvText& table);

}  // namespace capmap
