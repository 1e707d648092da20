#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "controller/import_request.hpp"
#include "controller/map/map_view.hpp"
#include "controller/map/node_selection.hpp"

namespace capmap {

/// What the http thread asks of the threads that own the answer, and what they answer, as objects over internal pipes.
/// A ticket is http's own number of the waiting connection.

/// To the map thread (inproc://map, inside MapInput): one node, or one chunk of rows.
struct NodeQuery {
  std::uint64_t ticket = 0;
  std::optional<NodeId> id;  ///< absent: the chunk
  std::size_t chunk = 0;
  std::uint32_t benchmark_seconds = 0;  ///< with id: ask the node to measure itself; 0 = only look
  /// Of the chunk only these; null: all. The map thread's until it has answered.
  std::shared_ptr<NodeSelection> selection{};
};
struct NodeAnswer {
  std::uint64_t ticket = 0;
  std::vector<NodeRow> rows;  ///< empty: no such node, or chunk past the end
  std::size_t chunk_count = 0;
};

/// To the store thread (inproc://admin): it alone changes what must last.
struct AddSite {
  Site site;  ///< id is made by the store thread
};
struct DeclareSite {
  std::string site;           ///< name or s-… id
  DeclaredCapacity declared;  ///< in place of all that was declared before
};
struct CreateToken {
  std::string site;                        ///< name or s-… id
  std::vector<std::string> child_sites{};  ///< likewise; not empty: instead of `site`, for child controllers that speak for these
  std::uint32_t uses = 1;
  std::uint64_t expires_unix_ms = 0;
};
struct AddPool {
  std::string site;  ///< name or s-… id
  Pool pool;         ///< id and site are made by the store thread
};
struct OrderService {
  NodeId node;
  ServiceOrder order;  ///< who is set by the store thread
};
struct AssignPool {
  NodeId node;
  std::string pool;  ///< name or p-… id of a pool of the node's site; empty: none
};
struct RemoveNode {
  NodeId node;
};
struct AdminRequest {
  std::uint64_t ticket = 0;
  std::variant<AddSite, DeclareSite, CreateToken, AddPool, OrderService, AssignPool, RemoveNode, ImportRecords> what;
};
/// The token text an admin hands to `capmap-agent join`. Shown once; the store keeps only its hash.
struct CreatedToken {
  std::string text;
  std::string site_name;
  std::uint32_t uses = 1;
  std::uint64_t expires_unix_ms = 0;
};
struct SiteDeclared {
  Site site;
};
struct ServiceOrdered {
  NodeId node;
  ServiceOrder order;
};
struct PoolAssigned {
  KnownNode node;
};
struct NodeRemoved {
  KnownNode node;
};
struct ImportDone {
  std::shared_ptr<const ImportOutcome> outcome;  ///< never null
};
/// What was changed, or why not.
using AdminChange = std::variant<Error, Site, SiteDeclared, CreatedToken, Pool, ServiceOrdered, PoolAssigned, NodeRemoved, ImportDone>;
struct AdminAnswer {
  std::uint64_t ticket = 0;
  AdminChange what;
};

/// To the http thread (inproc://http).
using HttpInput = std::variant<NodeAnswer, AdminAnswer>;

}  // namespace capmap
