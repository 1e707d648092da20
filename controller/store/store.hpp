#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/join_token.hpp"
#include "common/result.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// A join token as it is kept: never the secret, only its hash.
struct TokenRecord {
  std::string secret_hash;  ///< secret_hash() of the secret: 64 hex characters
  SiteId site;
  std::uint32_t uses_left = 0;
  std::uint64_t expires_unix_ms = 0;
  bool operator==(const TokenRecord&) const = default;
};

/// Everything that outlives a controller: what agents cannot repeat.
struct StoredState {
  std::vector<Site> sites;
  std::vector<KnownNode> nodes;
  std::vector<TokenRecord> tokens;
};

/// Keeps what must last. A put returns Done only when the change is on the disk (fsync): that is what *durable* means. On an error
/// nothing of the change is kept, and the next put may succeed. One thread at a time.
class Store {
 public:
  virtual ~Store() = default;
  [[nodiscard]] virtual const StoredState& state() const = 0;
  virtual Result<Done> put_site(const Site& site) = 0;
  virtual Result<Done> put_token(const TokenRecord& token) = 0;
  /// Lets a node in and takes one use of its token, as one change.
  virtual Result<Done> put_node(const KnownNode& node, const TokenRecord& token_after) = 0;
  /// Puts that failed since open, for /metrics.
  [[nodiscard]] virtual std::uint64_t failed_puts() const = 0;
};

/// The back end of this version: an append-only file of JSON lines (`store.jsonl`), each fsync'd, compacted when opened.
/// A last line torn by a crash was never acknowledged and is dropped with a warning; any other bad line refuses the start, naming
/// file and line. Errors: kDenied, kMalformed, kFull, kUnavailable (another process holds the folder).
Result<std::unique_ptr<Store>> open_file_store(const std::string& directory);

/// Checks the words of a site (region digits, owner class, compute class, service, security level, name length).
/// Errors: kMalformed naming the field and what is allowed.
Result<Done> validate_site(const Site& site);

}  // namespace capmap
