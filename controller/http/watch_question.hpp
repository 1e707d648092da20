#pragma once
#include <optional>
#include <string>
#include <vector>

#include "controller/access/principal.hpp"
#include "controller/http/live_event.hpp"
#include "controller/http/routes.hpp"

namespace capmap {

/// Where somebody looks: what they may see, and what of it they want.
struct WatchedPart {
  std::vector<Scope> scopes{};  ///< sites that all of them cover; none: everything
  std::optional<SiteId> site{};
  std::string region{};  ///< code that a site's begins with; empty: any
  bool operator==(const WatchedPart&) const = default;
  [[nodiscard]] bool may_see(const EventPlace& place) const;
  [[nodiscard]] bool wants(const EventPlace& place) const;
};

/// What somebody asks of /v1/events.
struct WatchQuestion {
  WatchedPart part;
  EventKindSet kinds;
};

/// Of the parameters kind, site and region. The problem where one is not understood; a site beyond the scope of who asks is as little
/// known as one that is not there.
std::variant<WatchQuestion, HttpResponse> read_watch_question(const Call& call);

/// The frame of an event as this part is told of it; null: it is not.
const std::string* told_text(const LiveEvent& event, const WatchedPart& part);

}  // namespace capmap
