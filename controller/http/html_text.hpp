#pragma once
#include <string>
#include <string_view>

namespace capmap {

/// A text as it stands in HTML, within an attribute's quotes too.
std::string html_text(std::string_view text);
/// The Content-Security-Policy of a page that has that style sheet inside, and nothing else.
std::string style_policy(std::string_view style);

}  // namespace capmap
