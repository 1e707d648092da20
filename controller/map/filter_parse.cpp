// From the text of a filter to its tree.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include "common/accelerator_vendor.hpp"
#include "controller/map/field_words.hpp"
#include "controller/map/filter.hpp"

namespace capmap {
namespace {

constexpr std::array<std::string_view, 6> kNumberFields = {"packages", "cores", "pus", "memory_gib", "accelerators", "rdma_nics"};
constexpr std::array<std::string_view, 5> kPartFields = {"model", "vendor", "kind", "count", "memory_gib"};
constexpr std::size_t kMaxShownBytes = 24;

template <class List>
bool among(const List& list, std::string_view word) {
  return std::ranges::any_of(list, [word](std::string_view known) { return known == word; });
}

bool is_number_field(std::string_view field) {
  return among(kNumberFields, field) || field == "count" || field == "security_level";
}

bool is_field(std::string_view word) {
  return among(kDimensionNames, word) || among(kNumberFields, word) || is_node_dimension(word);
}

/// "; did you mean …?" where one of `known` is near; else nothing.
std::string guess(std::string_view word, std::span<const std::string_view> known) {
  const auto nearest = nearest_word(word, known);
  return nearest.empty() ? std::string() : "; did you mean " + std::string(nearest) + "?";
}

/// All fields but labels, any of which may be there.
std::vector<std::string_view> fields() {
  std::vector<std::string_view> known(kDimensionNames.begin(), kDimensionNames.end());
  known.insert(known.end(), kNumberFields.begin(), kNumberFields.end());
  known.insert(known.end(), kNodeDimensionNames.begin(), kNodeDimensionNames.end());
  return known;
}

struct Token {
  enum class Kind : std::uint8_t { kEnd, kWord, kQuoted, kSign, kBad };
  Kind kind = Kind::kEnd;
  std::string text;
  std::size_t at = 0;
};

bool is_word_byte(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || std::string_view("_.:/+-").find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
}

/// "10de" and "0x10de" as the word of that vendor; other texts as they are.
std::string vendor_named(const std::string& text) {
  const std::string_view digits = std::string_view(text).substr(text.starts_with("0x") ? 2 : 0);
  std::uint16_t id = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), id, 16);
  const bool hex = digits.size() == 4 && read.ec == std::errc() && read.ptr == digits.data() + digits.size();
  return hex ? vendor_word(id) : text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
    Token token{.kind = Token::Kind::kEnd, .text = {}, .at = at_ + 1};
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (c == '"') return quoted(std::move(token));
    if (is_word_byte(c)) {
      token.kind = Token::Kind::kWord;
      while (at_ < text_.size() && is_word_byte(text_[at_])) token.text += text_[at_++];
      return token;
    }
    token.kind = std::string_view("()=<>,!").find(c) != std::string_view::npos ? Token::Kind::kSign : Token::Kind::kBad;
    token.text = text_[at_++];
    if ((c == '<' || c == '>' || c == '!') && at_ < text_.size() && text_[at_] == '=') token.text += text_[at_++];
    return token;
  }

 private:
  Token quoted(Token token) {
    token.kind = Token::Kind::kBad;
    token.text = "a quote without an end";
    std::string inside;
    for (auto begin = at_ + 1;;) {
      const auto end = text_.find('"', begin);
      if (end == std::string_view::npos) return token;
      inside += text_.substr(begin, end - begin);
      begin = end + 2;
      if (!text_.substr(end + 1).starts_with('"')) {
        token.kind = Token::Kind::kQuoted;
        token.text = std::move(inside);
        at_ = end + 1;
        return token;
      }
      inside += '"';
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { step(); }

  Result<FilterNode> all() {
    auto node = expression(0);
    if (!node) return node;
    if (token_.kind != Token::Kind::kEnd) return wrong("\"and\", \"or\" or the end");
    return node;
  }

 private:
  void step() { token_ = lexer_.next(); }
  [[nodiscard]] bool is_word(std::string_view word) const { return token_.kind == Token::Kind::kWord && token_.text == word; }
  [[nodiscard]] bool is_sign(std::string_view sign) const { return token_.kind == Token::Kind::kSign && token_.text == sign; }
  [[nodiscard]] Error wrong(const std::string& expected) const {
    std::string found = token_.kind == Token::Kind::kEnd ? "the end" : '"' + token_.text.substr(0, kMaxShownBytes) + '"';
    return {ErrorCode::kMalformed, "at " + std::to_string(token_.at) + ": expected " + expected + ", found " + found};
  }

  Result<FilterNode> expression(std::size_t depth) {
    return chain(FilterNode::Kind::kOr, "or", depth, [this](std::size_t below) { return and_part(below); });
  }
  Result<FilterNode> and_part(std::size_t depth) {
    return chain(FilterNode::Kind::kAnd, "and", depth, [this](std::size_t below) { return factor(below); });
  }
  template <class Part>
  Result<FilterNode> chain(FilterNode::Kind kind, std::string_view word, std::size_t depth, Part part) {
    FilterNode node;
    node.kind = kind;
    for (;;) {
      auto next = part(depth);
      if (!next) return next;
      node.parts.push_back(std::move(*next));
      if (!is_word(word)) break;
      step();
    }
    if (node.parts.size() > 1) return node;
    FilterNode only = std::move(node.parts[0]);
    return only;
  }

  Result<FilterNode> factor(std::size_t depth) {
    if (depth >= kMaxFilterDepth) return wrong("at most " + std::to_string(kMaxFilterDepth) + " levels of brackets and nots");
    if (is_word("not")) {
      step();
      auto inner = factor(depth + 1);
      if (!inner) return inner;
      FilterNode node;
      node.kind = FilterNode::Kind::kNot;
      node.parts.push_back(std::move(*inner));
      return node;
    }
    if (is_sign("(")) {
      step();
      auto inner = expression(depth + 1);
      if (!inner) return inner;
      if (!is_sign(")")) return wrong("\")\"");
      step();
      return inner;
    }
    if (is_word("has")) return has();
    if (token_.kind == Token::Kind::kWord && is_field(token_.text)) return test();
    auto refused = wrong("a field, \"has\", \"not\" or \"(\"");
    if (token_.kind == Token::Kind::kWord) {
      const auto known = fields();
      const auto near = guess(token_.text, known);
      refused.what += near.empty() ? "; fields are " + joined_words(known) + ", and label.KEY" : near;
    }
    return refused;
  }

  Result<FilterNode> has() {
    step();
    if (!is_sign("(")) return wrong("\"(\" after has");
    step();
    if (!is_word("accelerator")) return wrong("\"accelerator\"");
    step();
    FilterNode node;
    node.kind = FilterNode::Kind::kHasAccelerator;
    while (!is_sign(")")) {
      if (is_sign(",")) step();
      if (token_.kind != Token::Kind::kWord || !among(kPartFields, token_.text)) {
        auto refused = wrong("model, vendor, kind, count, memory_gib or \")\"");
        if (token_.kind == Token::Kind::kWord) refused.what += guess(token_.text, kPartFields);
        return refused;
      }
      auto part = test();
      if (!part) return part;
      node.parts.push_back(std::move(*part));
    }
    step();
    return node;
  }

  std::optional<FilterNode::Compare> comparison() const {
    using Compare = FilterNode::Compare;
    constexpr std::array<std::pair<std::string_view, Compare>, 6> signs = {{{"=", Compare::kEqual},
                                                                            {"!=", Compare::kNotEqual},
                                                                            {"<", Compare::kLess},
                                                                            {"<=", Compare::kLessOrEqual},
                                                                            {">", Compare::kGreater},
                                                                            {">=", Compare::kGreaterOrEqual}}};
    for (const auto& [sign, compare] : signs) {
      if (is_sign(sign)) return compare;
    }
    if (is_word("prefix")) return Compare::kPrefix;
    if (is_word("in")) return Compare::kIn;
    return std::nullopt;
  }

  Result<FilterNode> test() {
    if (++tests_ > kMaxFilterTests) return wrong("at most " + std::to_string(kMaxFilterTests) + " tests");
    FilterNode node;
    node.kind = FilterNode::Kind::kTest;
    node.field = token_.text;
    step();
    const auto compare = comparison();
    if (!compare) return wrong("= != < <= > >= prefix or in after " + node.field);
    const bool ordered = *compare >= FilterNode::Compare::kLess && *compare <= FilterNode::Compare::kGreaterOrEqual;
    if (ordered && !is_number_field(node.field)) return wrong("= != prefix or in: " + node.field + " is not a number");
    if (*compare == FilterNode::Compare::kPrefix && is_number_field(node.field))
      return wrong("a comparison: " + node.field + " is a number");
    node.compare = *compare;
    step();
    const bool list = *compare == FilterNode::Compare::kIn;
    if (list && !is_sign("(")) return wrong("\"(\" after in");
    do {
      if (list) step();
      if (auto taken = value(node); !taken) return taken.error();
    } while (list && is_sign(","));
    if (list && !is_sign(")")) return wrong("\",\" or \")\"");
    if (list) step();
    return node;
  }

  Result<Done> value(FilterNode& node) {
    if (token_.kind != Token::Kind::kWord && token_.kind != Token::Kind::kQuoted) return wrong("a value");
    std::uint64_t number = 0;
    const char* const end = token_.text.data() + token_.text.size();
    const auto read = std::from_chars(token_.text.data(), end, number);
    if (is_number_field(node.field) && (read.ec != std::errc() || read.ptr != end)) return wrong("a whole number");
    if (auto closed = check_closed(node); !closed) return closed;
    const bool vendor = node.field == "accelerator_vendor" || node.field == "vendor";
    node.values.push_back(vendor ? vendor_named(token_.text) : token_.text);
    step();
    return Done{};
  }

  /// What a field can never be is refused: it would hold for nothing, and look like an answer. Accelerators of several kinds on one node
  /// are told together, "gpu + npu".
  [[nodiscard]] Result<Done> check_closed(const FilterNode& node) const {
    const auto allowed = texts_of_field(node.field);
    const std::string_view text = token_.text;
    if (allowed.empty() || text.empty() || text.find(" + ") != std::string_view::npos) return Done{};
    const bool ordered = node.compare >= FilterNode::Compare::kLess && node.compare <= FilterNode::Compare::kGreaterOrEqual;
    const auto fits = [&](std::string_view word) {
      return node.compare == FilterNode::Compare::kPrefix ? word.starts_with(text) : word == text;
    };
    if (ordered || std::ranges::any_of(allowed, fits)) return Done{};
    auto refused = wrong(node.field + " to be one of " + joined_words(allowed));
    refused.what += guess(text, allowed);
    return refused;
  }

  Lexer lexer_;
  Token token_;
  std::size_t tests_ = 0;
};

}  // namespace

Result<FilterNode> parse_filter(std::string_view text) {
  if (text.size() > kMaxFilterBytes) {
    return Error{ErrorCode::kMalformed,
                 "at " + std::to_string(kMaxFilterBytes + 1) + ": a filter has at most " + std::to_string(kMaxFilterBytes) + " bytes"};
  }
  return Parser(text).all();
}

}  // namespace capmap
