#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller/map/rollup.hpp"
#include "controller/metrics.hpp"

namespace capmap {

/// Bounds of what /metrics says of the map, whatever its nodes say: what is beyond one is told together, as "other".
inline constexpr std::size_t kMostMetricRegions = 64;  ///< divisions, first by code
inline constexpr std::size_t kMostMetricModels = 32;   ///< of accelerators, those there are most of
inline constexpr std::size_t kMostMetricSites = 256;   ///< first by name
inline constexpr const char* kOtherWord = "other";     ///< in place of a label's value
inline constexpr const char* kUnknownWord = "unknown";

/// A group of the map, with what a rollup says only of some of its nodes.
struct MetricGroup {
  RollupGroup all;
  std::map<std::string, std::uint64_t> healthy_models, available_models;  ///< accelerators by model
};

/// Models of which there are most; ties by name.
std::set<std::string> kept_models(const RollupGroup& total);

/// Gauges of a group, each named `prefix` and a word, without a label of the group itself: all of them are sums, so those of groups add up
/// to those of all. What nobody told is left out, not 0; how many did not tell stands beside. Pure.
Metrics group_metrics(const std::string& prefix, const MetricGroup& group, const std::set<std::string>& models);
/// The few of them that are told by site. Likewise.
Metrics site_metrics(const std::string& prefix, const RollupGroup& group);

/// What is left of the total's gauges when those of the groups that are shown are taken off. Pure.
Metrics rest_of(const Metrics& total, const std::vector<Metrics>& shown);

}  // namespace capmap
