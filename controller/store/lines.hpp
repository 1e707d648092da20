#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/result.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// One line of store.jsonl. The first line of a file is the header {"capmap_store":1}; each other one is a whole record that replaces an
/// older one of the same id. A node's line may carry the token it took a use of, so that both change together or not at all.
struct NodeLine {
  KnownNode node;
  std::optional<TokenRecord> token;
};
using StoreLine = std::variant<Site, TokenRecord, NodeLine>;

inline constexpr const char* kStoreHeader = R"({"capmap_store":1})";

/// JSON text without an end of line.
std::string write_line(const StoreLine& line);
/// Errors: kMalformed naming the field.
Result<StoreLine> read_line(std::string_view text);

}  // namespace capmap
