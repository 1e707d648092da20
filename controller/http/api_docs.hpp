#pragma once
#include <string>
#include <string_view>

namespace capmap {

/// A page of HTML that shows what an OpenAPI description says, without scripts or anything from elsewhere. It reads descriptions as
/// schemas/openapi.yaml is written: paths at two blanks, methods at four, their members at six, schemas at four; what it does not know it
/// leaves out. Pure.
std::string docs_page(std::string_view yaml);
/// The page's Content-Security-Policy: its own style sheet, and nothing else.
std::string docs_policy();

}  // namespace capmap
