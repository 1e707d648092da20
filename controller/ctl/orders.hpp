#pragma once
#include <string>
#include <vector>

#include "controller/ctl/commands.hpp"

namespace capmap {

/// What admins order of whole sites and pools, where nodes stand, and labels beside their agents'.

/// `sites drain` and its like, `pools drain` and its like.
struct GroupOrder {
  std::string name;  ///< of the site; of the pool by p-… id, or by a name that one pool alone has (at `at`)
  bool pool = false;
  std::string at;  ///< site of a pool that is told by its name; empty: any
  ServiceRequest order;
};
Result<Done> order_group(const ApiConnection& connection, const Screen& screen, const GroupOrder& order);
/// `pools list`: pools with their sites, and what is ordered of them.
Result<Done> list_pools(const ApiConnection& connection, const Screen& screen);
/// `pools add`.
Result<Done> add_pool(const ApiConnection& connection, const Screen& screen, const std::string& site, const std::string& name,
                      const std::string& compute_class);

/// `nodes move`: to a site, and a pool of it or none.
struct NodeMove {
  std::string node, site, pool;
};
Result<Done> move_node(const ApiConnection& connection, const Screen& screen, const NodeMove& move);
/// `nodes label`: "rack=r12" puts one, "rack=" takes it back.
Result<Done> label_node(const ApiConnection& connection, const Screen& screen, const std::string& node,
                        const std::vector<std::string>& labels);

/// Answers of /v1/pools and /v1/sites as a table. Pure.
std::string pools_text(const ApiJson& pools, const ApiJson& sites, bool terminal);

}  // namespace capmap
