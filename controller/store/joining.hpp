#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/address_range.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"

namespace capmap {

/// A join token as it is kept: never the secret, only its hash.
struct TokenRecord {
  std::string secret_hash;  ///< secret_hash() of the secret: 64 hex characters
  SiteId site;
  std::uint32_t uses_left = 0;
  std::uint64_t expires_unix_ms = 0;
  std::vector<SiteId> child_sites{};  ///< not empty: it lets in child controllers, each to speak for these sites, and no servers
  std::string name{};                 ///< for people; no two usable tokens have the same; empty = none
  std::optional<PoolId> pool{};       ///< of the site: what it lets in stands there
  std::uint32_t uses = 0;             ///< it was made with; 0 = made before this was kept
  std::uint64_t created_unix_ms = 0;  ///< 0 = likewise
  std::vector<AddressRange> from{};   ///< not empty: only from there
  bool by_hand = false;               ///< who shows it waits until an admin or a rule approves
  std::optional<std::uint64_t> revoked_unix_ms{};
  bool operator==(const TokenRecord&) const = default;
};
/// How a token is called where the secret must not stand: the first 16 characters of its hash.
inline std::string token_id(const TokenRecord& token) {
  return token.secret_hash.substr(0, 16);
}

/// A machine that has shown a token and waits until somebody approves.
struct PendingNode {
  NodeId id;  ///< it gets when it is approved
  std::string public_key, hostname;
  std::string address;  ///< it asked from, as text
  std::string token_hash;
  SiteId site;
  std::optional<PoolId> pool{};
  std::uint64_t asked_unix_ms = 0;  ///< for the first time
  bool rejected = false;            ///< refused until the row expires
  bool operator==(const PendingNode&) const = default;
};

/// Who asks from there until then is approved at once.
struct ApprovalRule {
  std::uint64_t number = 0;  ///< given by the store
  AddressRange from;
  std::optional<SiteId> site{};  ///< only into this one; absent: into any that a token names
  std::uint64_t created_unix_ms = 0, until_unix_ms = 0;
  bool operator==(const ApprovalRule&) const = default;
};

/// A key that is never let in again, whoever shows it with whatever token.
struct RevokedKey {
  std::string public_key;
  std::array<std::uint8_t, 16> owner{};  ///< id of the node or child controller that had it
  bool child = false;
  std::uint64_t revoked_unix_ms = 0;
  std::string reason{};
  bool operator==(const RevokedKey&) const = default;
};

/// What is kept of the keys of a node, or of a child controller, beside the one it has.
struct NodeKeys {
  NodeId node;
  std::uint64_t since_unix_ms = 0;  ///< it has its key; 0 = since it joined
  std::string next_key{};           ///< let in as well: the node has offered it and will use it next; empty = none
  bool child = false;               ///< the bytes of `node` are the id of a child controller; told by the store, not kept
  bool operator==(const NodeKeys&) const = default;
};

/// The part of the store about joining and keys. Rules of changes and errors: as Store.
class JoiningTables {
 public:
  virtual ~JoiningTables() = default;

  virtual Result<Done> put_token(const TokenRecord& token) = 0;
  virtual Result<std::optional<TokenRecord>> find_token(const std::string& secret_hash) = 0;
  /// By name or token_id(): of several with one name the newest.
  virtual Result<std::optional<TokenRecord>> find_token_named(const std::string& name_or_id) = 0;
  /// Newest first, so many at most.
  virtual Result<std::vector<TokenRecord>> tokens(std::size_t most) = 0;
  /// Deletes tokens that expired or were revoked before then.
  virtual Result<Done> forget_tokens(std::uint64_t before_unix_ms) = 0;

  /// Adds who waits, or changes what was put of it before.
  virtual Result<Done> put_pending(const PendingNode& node) = 0;
  virtual Result<Done> remove_pending(const std::string& public_key) = 0;
  virtual Result<std::optional<PendingNode>> find_pending(const std::string& public_key) = 0;
  /// Those that asked first come first; the rejected ones among them.
  virtual Result<std::vector<PendingNode>> pending() = 0;
  virtual Result<std::uint64_t> pending_count() = 0;
  /// Forgets who asked first before then.
  virtual Result<Done> forget_pending(std::uint64_t before_unix_ms) = 0;

  /// Adds a rule; its number.
  virtual Result<std::uint64_t> add_rule(const ApprovalRule& rule) = 0;
  virtual Result<bool> remove_rule(std::uint64_t number) = 0;  ///< False: there is none
  virtual Result<std::vector<ApprovalRule>> rules() = 0;

  /// Keeps a key as revoked; its node or child leaves the tables.
  virtual Result<Done> revoke(const RevokedKey& key) = 0;
  virtual Result<std::optional<RevokedKey>> find_revoked(const std::string& public_key) = 0;
  virtual Result<std::vector<RevokedKey>> revoked() = 0;

  virtual Result<Done> put_node_keys(const NodeKeys& keys) = 0;
  virtual Result<std::optional<NodeKeys>> find_node_keys(const NodeId& node) = 0;
  /// Whose next key it is.
  virtual Result<std::optional<NodeKeys>> find_next_key(const std::string& public_key) = 0;
  virtual Result<std::vector<NodeKeys>> node_keys() = 0;
};

}  // namespace capmap
