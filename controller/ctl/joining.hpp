#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controller/ctl/commands.hpp"

namespace capmap {

/// Commands about who may join, and keys.

/// `token list` and `token revoke`.
Result<Done> list_tokens(const ApiConnection& connection, const Screen& screen);
Result<Done> revoke_token(const ApiConnection& connection, const Screen& screen, const std::string& name_or_id);

/// `nodes pending`, `nodes approve ID...`, `nodes reject ID...`: all that can be done is done, the first refusal is the error.
Result<Done> list_pending(const ApiConnection& connection, const Screen& screen);
Result<Done> decide_pending(const ApiConnection& connection, const Screen& screen, const std::vector<std::string>& ids, bool approve);
/// `nodes approve --from RANGE --until TIME [--site S]`.
struct RuleRequest {
  std::string from, site;
  std::uint64_t until_unix_ms = 0;
};
Result<Done> add_rule(const ApiConnection& connection, const Screen& screen, const RuleRequest& request);
/// `nodes reject --rule N`.
Result<Done> remove_rule(const ApiConnection& connection, const Screen& screen, std::uint64_t number);

/// `keys list` and `keys revoke`: of a node (id or host name), a child controller (id), or a key of 40 characters.
Result<Done> list_keys(const ApiConnection& connection, const Screen& screen);
Result<Done> revoke_key(const ApiConnection& connection, const Screen& screen, const std::string& whose, const std::string& reason);

/// `keys rotate`: of a node (id or host name), of a child controller (id), or of all that are connected.
Result<Done> rotate_keys(const ApiConnection& connection, const Screen& screen, const std::string& whose, bool all);

/// `keys rotate --server`, and with --finish its next step.
Result<Done> rotate_server_key(const ApiConnection& connection, const Screen& screen, bool finish, bool force);

/// When something ends: "7d" from now, or "2026-12-01", or "2026-12-01T08:00:00Z". Errors: kMalformed; also what is past.
Result<std::uint64_t> parse_end(const std::string& text, std::uint64_t now_unix_ms);

/// Answers as text. Pure.
std::string tokens_text(const ApiJson& answer, const TableLook& look);
std::string pending_text(const ApiJson& answer, const TableLook& look);
std::string keys_text(const ApiJson& answer, const TableLook& look);

}  // namespace capmap
