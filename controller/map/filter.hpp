#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "controller/map/dictionaries.hpp"

namespace capmap {

/// A condition on cells and nodes, as text:
///   expression = and-part { "or" and-part };  and-part = factor { "and" factor };  factor = "not" factor | "(" expression ")" | test
///   test       = field ("=" | "!=" | "<" | "<=" | ">" | ">=") value | field "prefix" value | field "in" "(" value {"," value} ")"
///              | "has" "(" "accelerator" { part ("=" | "!=" | "<" | "<=" | ">" | ">=") value } ")"
/// field: a dimension, also of nodes (hostname, label.rack), or a whole number of the hardware: packages, cores, pus, memory_gib,
/// accelerators, rdma_nics. part: model, vendor, kind, count, memory_gib, all of one and the same row of accelerators. value: letters,
/// digits and _ . : / + - or "quoted text", in which "" is a quote. Text is compared by = != in prefix; < and its kin want numbers
/// (security_level is one). What is not known or not declared fulfils no comparison, != as little as =; only = "" and in ("") ask for it.
/// `not` turns any answer round. A vendor may be named by its PCI id.
struct FilterNode {
  enum class Kind : std::uint8_t { kAnd, kOr, kNot, kTest, kHasAccelerator };
  enum class Compare : std::uint8_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kPrefix, kIn };
  Kind kind = Kind::kAnd;
  std::vector<FilterNode> parts;  ///< of and, or, not; the tests inside has()
  std::string field;
  Compare compare = Compare::kEqual;
  std::vector<std::string> values;  ///< one, except for in
};

inline constexpr std::size_t kMaxFilterBytes = 4'096, kMaxFilterDepth = 32, kMaxFilterTests = 128;
/// Errors: kMalformed: "at 12: expected …, found …"; positions count bytes from 1.
Result<FilterNode> parse_filter(std::string_view text);

/// True where some part of it asks what only a node knows (see is_node_dimension).
bool asks_nodes(const FilterNode& filter);
/// One test against a text. What is not known fulfils no test but that for "".
bool compare_texts(const FilterNode& test, std::string_view text);

/// A filter held against the dictionaries of one view: a table of answers for each domain it speaks of. A test that asks nodes holds
/// for no cell (see RowFilter). Borrows nothing.
class CellFilter {
 public:
  CellFilter(const FilterNode& filter, const Dictionaries& dictionaries);
  /// keep[i] = 1 where the filter holds for cell i, else 0.
  void judge(const CellKeys& keys, std::array<std::uint8_t, kBlockCells>& keep) const;
  /// Whether the filter holds for one site, pool, hardware row and state code; what is newer than its dictionaries is as not declared.
  using Indexes = std::array<std::size_t, kDomainCount>;
  [[nodiscard]] bool keeps(const Indexes& indexes) const { return keeps(root_, indexes); }

  /// Few tests of each domain: the answers of all its tests for one site, pool, hardware row or state fit in the bits of a byte, and
  /// whatever has the same byte is judged alike.
  [[nodiscard]] bool simple() const;
  [[nodiscard]] std::size_t tests(Domain domain) const { return tests_[static_cast<std::size_t>(domain)]; }
  /// [index] bit i: test i of the domain holds. Only of a simple filter.
  [[nodiscard]] std::vector<std::uint8_t> patterns(Domain domain, std::size_t size) const;
  using Patterns = std::array<std::uint8_t, kDomainCount>;
  [[nodiscard]] bool holds(const Patterns& patterns) const;

 private:
  static constexpr std::size_t kPatternBits = 8;
  struct Step {
    FilterNode::Kind kind = FilterNode::Kind::kTest;
    Domain domain = Domain::kSite;
    std::size_t number = 0;           ///< of a test, in its domain
    std::vector<std::uint8_t> holds;  ///< [index in the domain], of a test
    std::vector<Step> parts;
  };
  static Step compile(const FilterNode& node, const Dictionaries& dictionaries);
  static Step ask_pools(Step site, const std::vector<PoolClass>& pools, const std::vector<std::uint8_t>& of_code);
  static Step join(FilterNode::Kind kind, std::vector<Step> parts);
  static void judge(const Step& step, const CellKeys& keys, std::array<std::uint8_t, kBlockCells>& keep);
  static void gather(const Step& step, Domain domain, std::vector<std::uint8_t>& found);
  static bool holds(const Step& step, const Patterns& patterns);
  static bool keeps(const Step& step, const Indexes& indexes);
  void number_tests(Step& step);

  Step root_;
  std::array<std::size_t, kDomainCount> tests_{};
};

}  // namespace capmap
