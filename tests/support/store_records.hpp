#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "common/transport.hpp"
#include "controller/store/store.hpp"

namespace capmap::support {

/// Records for tests of the store.
inline Site some_site(const std::string& name) {
  Site site;
  site.id = random_id<SiteId>();
  site.name = name;
  site.region = "1101";
  site.security_level = 3;
  site.hub = "京津冀";
  site.hub_cluster = "张家口";
  site.industry = "research";
  site.public_compute = true;
  site.owner = "Example";
  site.filing_number = "110108-1";
  site.latitude_udeg = 39'904'211;
  site.longitude_udeg = -116'400'000;
  site.pue_permille = 1'250;
  site.green_share_permille = 0;
  site.declared.figures[static_cast<std::size_t>(Declared::kNodes)] = 0;
  site.declared.figures[static_cast<std::size_t>(Declared::kStorageBytes)] = INT64_MAX;
  site.declared.accelerators_by_model = {{"A=b 1", 7}};
  return site;
}
inline KnownNode some_node(const SiteId& site) {
  return {.id = random_id<NodeId>(), .public_key = make_curve_keys().public_key, .site = site, .hostname = "host-1", .joined_unix_ms = 17};
}
inline TokenRecord some_token(const SiteId& site) {
  return {.secret_hash = to_text(random_id<NodeId>()), .site = site, .uses_left = 2, .expires_unix_ms = 99};
}
inline EncodedShape some_shape(std::uint8_t number) {
  EncodedShape shape;
  shape.id.bytes.fill(number);
  shape.raw_bytes = 3;
  shape.body = {std::byte{number}, std::byte{0}, std::byte{255}};
  return shape;
}
/// Ordered by id.
inline std::vector<StoredNode> nodes_of(Store& store) {
  std::vector<StoredNode> all;
  const auto read = store.each_node([&all](const StoredNode& node) { all.push_back(node); });
  if (!read) return {};
  std::sort(all.begin(), all.end(), [](const StoredNode& a, const StoredNode& b) { return a.node.id < b.node.id; });
  return all;
}

}  // namespace capmap::support
