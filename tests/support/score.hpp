#pragma once
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace capmap::support {

/// Where an answer is from: its project's own expected file, another tool's reading, or the capture itself (shown, not counted).
enum class Source { kUpstream, kOtherTool, kCapture };

struct Case {
  std::string unit, field;
  Source source = Source::kCapture;
  std::string wanted, got;
};

/// A difference that is understood: of which unit (the end of its name) and field, what stands in the capture, and who is right.
struct Explained {
  const char* unit;
  const char* field;
  bool ours_is_right;
  const char* reason;
};
const std::vector<Explained>& explained_differences();

/// Compares answers field by field.
class Score {
 public:
  void add(Case one);
  /// A unit that could not be read at all.
  void fail(const std::string& unit, const std::string& why);
  /// One table, fields by sources, and every difference with its reason.
  void print(std::ostream& out) const;
  /// Differences that nothing explains.
  [[nodiscard]] std::vector<std::string> unexplained() const;
  /// Equal, or explained with ours being right, of those from upstream or another tool; in thousandths.
  [[nodiscard]] unsigned right_permille() const;
  [[nodiscard]] unsigned counted() const;
  /// Likewise of one field alone.
  [[nodiscard]] unsigned counted(const std::string& field) const;

 private:
  struct Tally {
    unsigned compared = 0, equal = 0, ours_right = 0, theirs_right = 0;
  };
  std::map<std::string, std::map<Source, Tally>> fields_;
  std::vector<std::string> differences_, unexplained_;
};

}  // namespace capmap::support
