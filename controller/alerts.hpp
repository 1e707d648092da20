#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/map/map_view.hpp"
#include "controller/store_health.hpp"

namespace capmap {

/// Something an operator should hear of. One that lasts is told when it begins (firing) and when it is over (resolved).
struct Alert {
  enum class Kind : std::uint8_t { kClone, kContradiction, kSiteDark, kStoreProblem, kDiskFull, kDouble };
  Kind kind = Kind::kClone;
  bool firing = true;
  std::string key;         ///< what it is about: while it fires nobody is told again
  std::string subject;     ///< n-… or s-… id; empty: the controller itself
  std::uint32_t site = 0;  ///< where that is: index, of views; 0: nowhere in particular
  std::string text;
  std::uint64_t at_unix_ms = 0;
  std::uint64_t number = 0;  ///< of this start
};
inline constexpr std::size_t kAlertKinds = 6;
inline constexpr std::array<const char*, kAlertKinds> kAlertWords = {"clone",         "contradiction", "site_dark",
                                                                     "store_problem", "disk_full",     "double"};

/// Finds what is new in each view; nothing twice. What befalls nodes in maintenance is no alert. Pure; one thread.
class AlertWatch {
 public:
  /// Clones and doubles of before `started_unix_ms` were told by the controller that found them.
  explicit AlertWatch(std::uint64_t started_unix_ms) : started_unix_ms_(started_unix_ms) {}
  /// More nodes than this contradicted at one look are told as one alert.
  static constexpr std::size_t kMostContradictions = 20;
  /// Likewise pairs of nodes that are newly suspected to be one machine.
  static constexpr std::size_t kMostDoubles = 20;
  /// A node that was contradicted is not told again within a day.
  static constexpr std::uint64_t kQuietMs = 86'400'000;
  static constexpr std::size_t kMostKept = 100'000;  ///< nodes of that day
  /// A site is told as dark when it stays so for this long: not where its only agents are just started again.
  static constexpr std::uint64_t kDarkMs = 20'000;

  /// Cost: a look at what changed since the view before, and at all cells where the view is another one.
  std::vector<Alert> look(const MapView& view, const StoreHealth* store, std::uint64_t now_unix_ms);

 private:
  void look_at_clones(const MapView& view, std::vector<Alert>& found);
  void look_at_doubles(const MapView& view, std::vector<Alert>& found);
  void look_at_verdicts(const MapView& view, std::vector<Alert>& found);
  void look_at_sites(const MapView& view, std::vector<Alert>& found);
  void look_at_store(const StoreHealth* store, std::vector<Alert>& found);
  /// Of what lasts: told when it changes.
  void tell(std::vector<Alert>& found, Alert::Kind kind, const std::string& key, const std::string& subject, std::uint32_t site,
            bool firing, const std::string& text);

  std::uint64_t started_unix_ms_, now_unix_ms_ = 0, count_ = 0;
  std::optional<std::uint64_t> revision_;         ///< of the view before
  std::map<std::string, std::uint32_t> firing_;   ///< key ▶ site
  DoubleTable::Published seen_doubles_;           ///< of the view before
  std::map<std::string, bool> doubles_;           ///< suspected pairs: were they told one by one?
  std::set<std::uint32_t> lit_sites_;             ///< that had a node alive since the start: only these can go dark
  std::map<std::uint32_t, std::uint64_t> dark_;   ///< sites that are dark, since when by the view's boot clock
  std::map<NodeId, std::uint64_t> contradicted_;  ///< when it was told
};

/// What a webhook gets: one JSON object.
std::string alert_json(const Alert& alert, const std::string& controller_id, const std::string& started_epoch);
/// "v1=" and the hex of HMAC-SHA-256 over "TIMESTAMP.BODY" with the secret.
std::string alert_signature(const std::string& secret, std::uint64_t timestamp_s, const std::string& body);

/// Alerts on their way to the webhook: tried again with growing pauses, in order, for a day; bounded. Pure; one thread.
class AlertQueue {
 public:
  static constexpr std::size_t kMost = 1'000;  ///< then the oldest goes
  static constexpr std::uint64_t kFirstPauseMs = 1'000, kMostPauseMs = 300'000, kGiveUpMs = 86'400'000;

  struct Waiting {
    std::string id, body;
    std::uint64_t since_ms = 0;
  };
  struct Counts {
    std::uint64_t delivered = 0, retries = 0, given_up = 0, dropped = 0;
  };

  void push(std::string id, std::string body, std::uint64_t now_ms);
  /// The next one to be tried; null: nothing is due.
  [[nodiscard]] const Waiting* due(std::uint64_t now_ms) const;
  /// What became of it: `status` of the answer; 0 = there was none. 2xx is delivered; 408, 429, 5xx and no answer are tried again; with
  /// any other the webhook refuses it for good.
  void answered(std::uint32_t status, std::uint64_t now_ms);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  std::deque<Waiting> waiting_;
  std::uint64_t next_ms_ = 0, pause_ms_ = 0;
  Counts counts_;
};

}  // namespace capmap
