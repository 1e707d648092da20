#pragma once
#include "controller/admission.hpp"

namespace capmap {

inline constexpr std::uint64_t kPendingLivesMs = 7ULL * 24 * 3'600 * 1'000;  ///< then nobody cared: it has to ask anew
inline constexpr std::uint64_t kTokensKeptMs = 30ULL * 24 * 3'600 * 1'000;   ///< so long a token is listed after its end
inline constexpr std::uint64_t kMostPending = 10'000, kMostRules = 256;
inline constexpr std::size_t kMostTokensListed = 1'000;
inline constexpr std::uint32_t kAskAgainPendingS = 5, kAskAgainFullS = 300;

/// A machine with a good token that needs an approval: it is let in where a rule says so, waits, or is refused. `token`: what it showed;
/// absent: it waits already and showed nothing good any more.
Result<JoinDecision> decide_pending(Store& store, const JoinRequest& request, const std::optional<TokenRecord>& token,
                                    const std::optional<PendingNode>& waiting, const TokenMaking& making, std::uint64_t now_unix_ms);

/// Lets a machine in: the node, and the audit's line.
Result<KnownNode> admit_node(Store& store, const KnownNode& node, const std::string& how, std::uint64_t now_unix_ms);
/// What it is told.
Result<JoinDecision> accepted(Store& store, const JoinRequest& request, const KnownNode& node, const TokenMaking& making);
JoinDecision refused(const JoinRequest& request, const char* answer, std::string text);

}  // namespace capmap
