#include "tests/support/score.hpp"

#include <algorithm>
#include <iomanip>

namespace capmap::support {
namespace {

const char* word_of(Source source) {
  switch (source) {
    case Source::kUpstream: return "upstream";
    case Source::kOtherTool: return "other tool";
    case Source::kCapture: return "capture";
  }
  return "";
}

const Explained* explanation(const Case& one) {
  const auto& list = explained_differences();
  const auto at = std::find_if(list.begin(), list.end(),
                               [&](const Explained& known) { return one.field == known.field && one.unit.ends_with(known.unit); });
  return at == list.end() ? nullptr : &*at;
}

}  // namespace

void Score::add(Case one) {
  Tally& tally = fields_[one.field][one.source];
  ++tally.compared;
  if (one.wanted == one.got) {
    ++tally.equal;
    return;
  }
  std::string line = one.unit + ": " + one.field + " is " + one.got + ", " + word_of(one.source) + " says " + one.wanted;
  const Explained* known = explanation(one);
  if (!known) {
    unexplained_.push_back(line);
    differences_.push_back(line + " -- NOT EXPLAINED");
    return;
  }
  ++(known->ours_is_right ? tally.ours_right : tally.theirs_right);
  differences_.push_back(line + " -- " + (known->ours_is_right ? "ours is right: " : "theirs is right: ") + known->reason);
}

void Score::fail(const std::string& unit, const std::string& why) {
  unexplained_.push_back(unit + ": " + why);
  differences_.push_back(unexplained_.back());
}

std::vector<std::string> Score::unexplained() const {
  return unexplained_;
}

unsigned Score::counted(const std::string& field) const {
  const auto sources = fields_.find(field);
  unsigned sum = 0;
  if (sources == fields_.end()) return 0;
  for (const auto& [source, tally] : sources->second) sum += source == Source::kCapture ? 0 : tally.compared;
  return sum;
}

unsigned Score::counted() const {
  unsigned sum = 0;
  for (const auto& [field, sources] : fields_) sum += counted(field);
  return sum;
}

unsigned Score::right_permille() const {
  unsigned right = 0;
  for (const auto& [field, sources] : fields_) {
    for (const auto& [source, tally] : sources) right += source == Source::kCapture ? 0 : tally.equal + tally.ours_right;
  }
  return counted() == 0 ? 0 : right * 1000 / counted();
}

void Score::print(std::ostream& out) const {
  out << std::left << std::setw(16) << "field" << std::setw(12) << "answer" << std::right << std::setw(9) << "compared" << std::setw(8)
      << "equal" << std::setw(12) << "ours right" << std::setw(14) << "theirs right" << std::setw(15) << "not explained"
      << "\n";
  for (const auto& [field, sources] : fields_) {
    for (const auto& [source, tally] : sources) {
      const unsigned open = tally.compared - tally.equal - tally.ours_right - tally.theirs_right;
      out << std::left << std::setw(16) << field << std::setw(12) << word_of(source) << std::right << std::setw(9) << tally.compared
          << std::setw(8) << tally.equal << std::setw(12) << tally.ours_right << std::setw(14) << tally.theirs_right << std::setw(15)
          << open << "\n";
    }
  }
  for (const auto& line : differences_) out << line << "\n";
  out << "right: " << right_permille() << " of 1000 of " << counted() << " values that upstream or another tool tells\n";
}

}  // namespace capmap::support
