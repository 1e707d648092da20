#pragma once
#include "controller/store/joining.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// JoiningTables over one SQLite file. Statements are made for each call: a join waits for the disk much longer than for that.
class JoiningRows final : public JoiningTables {
 public:
  /// `database` outlives it.
  explicit JoiningRows(Database& database) : database_(database) {}

  Result<Done> put_token(const TokenRecord& token) override;
  Result<std::optional<TokenRecord>> find_token(const std::string& secret_hash) override;
  Result<std::optional<TokenRecord>> find_token_named(const std::string& name_or_id) override;
  Result<std::vector<TokenRecord>> tokens(std::size_t most) override;
  Result<Done> forget_tokens(std::uint64_t before_unix_ms) override;

  Result<Done> put_pending(const PendingNode& node) override;
  Result<Done> remove_pending(const std::string& public_key) override;
  Result<std::optional<PendingNode>> find_pending(const std::string& public_key) override;
  Result<std::vector<PendingNode>> pending() override;
  Result<std::uint64_t> pending_count() override;
  Result<Done> forget_pending(std::uint64_t before_unix_ms) override;

  Result<std::uint64_t> add_rule(const ApprovalRule& rule) override;
  Result<bool> remove_rule(std::uint64_t number) override;
  Result<std::vector<ApprovalRule>> rules() override;

  Result<Done> revoke(const RevokedKey& key) override;
  Result<std::optional<RevokedKey>> find_revoked(const std::string& public_key) override;
  Result<std::vector<RevokedKey>> revoked() override;

  Result<Done> put_node_keys(const NodeKeys& keys) override;
  Result<std::optional<NodeKeys>> find_node_keys(const NodeId& node) override;
  Result<std::optional<NodeKeys>> find_next_key(const std::string& public_key) override;
  Result<std::vector<NodeKeys>> node_keys() override;

 private:
  template <class Record, class Read, class Bind>
  Result<std::vector<Record>> select(const char* sql, Read read, Bind bind);
  template <class Record, class Read, class Bind>
  Result<std::optional<Record>> first(const char* sql, Read read, Bind bind);
  template <class Bind>
  Result<Done> change(const char* sql, Bind bind);

  Database& database_;
};

}  // namespace capmap
