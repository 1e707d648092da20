#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/codec_keys.hpp"
#include "common/join_token.hpp"
#include "common/messages.hpp"
#include "common/result.hpp"
#include "common/transport.hpp"

namespace capmap {

struct JoinPatience {
  std::uint32_t timeout_s = 15;  ///< so long no answer is waited for
  bool until_approved = true;    ///< waits for an approval, however long it takes
  bool until_reached = false;    ///< asks on and on where nothing answers: the network may not be up yet
};
/// A join that was accepted, and by which of the token's hosts.
struct JoinedAt {
  Joined joined;
  std::string host;
  std::optional<KeyNews> news{};  ///< which keys the controller has today; absent: it does not say, and has the token's
};

/// Asks the hosts of a token one after the other to let this machine in, until one accepts or refuses. Where it is told to ask later it
/// does so: at first when it was told to, then ever more seldom, each time with jitter. `say`: what it waits for, in words, once a change.
/// Errors: kDenied (refused, with the reason; also that it would have to wait for an approval), kTimeout, kMalformed.
Result<JoinedAt> ask_to_join(const JoinToken& token, const CurveKeys& keys, const JoinPatience& patience,
                             const std::function<void(const std::string&)>& say);

}  // namespace capmap
