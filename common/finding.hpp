#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace capmap {

/// How a thing is that a doctor looked at, best first.
enum class Health : unsigned char {
  kWell,
  kNote,     ///< of no harm, or not to be told from here
  kWarning,  ///< works, and something is lost or will be
  kBroken,   ///< does not work
};
const char* to_word(Health health);

/// What `capmap-agent doctor` and `capmapctl doctor` found about one thing.
struct Finding {
  std::string area;  ///< "keys", "clock", …: the first word of its line
  Health health = Health::kWell;
  std::string what;   ///< one line
  std::string fix{};  ///< what puts it right: a command where there is one; empty = nothing to do
  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

/// What a doctor ends with: 1 when something is broken, else 0: warnings are for who reads. (2 is wrong use.)
int doctor_exit(const Findings& findings);
/// One line a finding, its fix below it, and a line that sums up. What others wrote is made harmless for terminals.
std::string findings_text(const Findings& findings);
/// {"schema":1,"worst":"warning","findings":[{"area":…,"health":…,"what":…,"fix":…}]}; fix is null where there is none.
std::string findings_json(const Findings& findings);

}  // namespace capmap
