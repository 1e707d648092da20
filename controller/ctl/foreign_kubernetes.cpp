// Nodes as `kubectl get nodes -o json` tells them.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/ctl/foreign.hpp"
#include "controller/ctl/json_items.hpp"

namespace capmap {
namespace {

using Json = nlohmann::json;

constexpr const char* kZone = "topology.kubernetes.io/zone";
constexpr std::array kPoolLabels = {"cloud.google.com/gke-nodepool", "eks.amazonaws.com/nodegroup", "kubernetes.azure.com/agentpool",
                                    "karpenter.sh/nodepool", "node.kubernetes.io/pool"};
/// Extended resources of device plugins that are whole accelerators: a name, or the beginning of one.
constexpr std::array kCards = {"nvidia.com/gpu",    "amd.com/gpu",       "gpu.intel.com/i915", "gpu.intel.com/xe",  "habana.ai/gaudi",
                               "huawei.com/Ascend", "cambricon.com/mlu", "metax-tech.com/gpu", "mthreads.com/vgpu", "hygon.com/dcu"};
constexpr const char* kCardCount = "nvidia.com/gpu.count";  ///< how many there are, where each is offered several times
constexpr const char* kCardModel = "nvidia.com/gpu.product";
constexpr std::size_t kMaxQuantityBytes = 32;

const Json& member(const Json& object, const char* name) {
  static const Json none = Json::object();
  if (!object.is_object()) return none;
  const auto at = object.find(name);
  return at == object.end() ? none : *at;
}

std::string text_of(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

struct Suffix {
  std::string_view text;
  std::uint64_t times;
};
constexpr std::array<Suffix, 13> kSuffixes = {{{"", 1},
                                               {"k", 1'000},
                                               {"M", 1'000'000},
                                               {"G", 1'000'000'000},
                                               {"T", 1'000'000'000'000},
                                               {"P", 1'000'000'000'000'000},
                                               {"E", 1'000'000'000'000'000'000},
                                               {"Ki", 1ULL << 10},
                                               {"Mi", 1ULL << 20},
                                               {"Gi", 1ULL << 30},
                                               {"Ti", 1ULL << 40},
                                               {"Pi", 1ULL << 50},
                                               {"Ei", 1ULL << 60}}};

/// "263767592Ki", "1.5Gi", "129e6", "500m" as a whole number, rounded down. Absent: no quantity, or one beyond 64 bits.
std::optional<std::uint64_t> quantity(std::string_view text) {
  if (text.size() > kMaxQuantityBytes) return std::nullopt;
  using U128 = unsigned __int128;
  U128 value = 0, parts = 1;
  std::size_t at = 0;
  bool digits = false, point = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    digits = true;
    if (value > UINT64_MAX) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (point) parts *= 10;
    if (parts > 1'000'000'000'000) return std::nullopt;
  }
  if (!digits) return std::nullopt;
  auto suffix = text.substr(at);
  std::uint64_t times = 1;
  if (suffix == "m") {
    parts *= 1'000;
  } else if (suffix.size() >= 2 && (suffix[0] == 'e' || suffix[0] == 'E') && suffix[1] >= '0' && suffix[1] <= '9') {
    if (suffix.size() > 3) return std::nullopt;
    unsigned exponent = 0;
    for (const char c : suffix.substr(1)) {
      if (c < '0' || c > '9') return std::nullopt;
      exponent = exponent * 10 + static_cast<unsigned>(c - '0');
    }
    if (exponent > 18) return std::nullopt;
    while (exponent-- > 0) times *= 10;
  } else {
    const auto* const found = std::ranges::find(kSuffixes, suffix, &Suffix::text);
    if (found == kSuffixes.end()) return std::nullopt;
    times = found->times;
  }
  const U128 whole = value * times / parts;  // below 2^68 times 2^60
  if (whole > UINT64_MAX) return std::nullopt;
  return static_cast<std::uint64_t>(whole);
}

class NodeReader {
 public:
  NodeReader(ForeignRecords& out, const ForeignOptions& options) : out_(out), options_(options) {}

  void read(const JsonItem& item) {
    const Json node = Json::parse(item.text, nullptr, false);
    if (!node.is_object()) return out_.fault(item.line, "is no node: its JSON does not parse");
    if (const auto kind = text_of(node, "kind"); !kind.empty() && kind != "Node") {
      return out_.fault(item.line, "kind: \"" + kind.substr(0, 40) + "\" is no Node: kubectl get nodes -o json");
    }
    const Json& metadata = member(node, "metadata");
    const Json &labels = member(metadata, "labels"), &capacity = member(member(node, "status"), "capacity");
    const auto name = text_of(metadata, "name");
    if (name.empty()) return out_.fault(item.line, "metadata.name: is missing");
    if (const auto [at, fresh] = names_.emplace(name, item.line); !fresh) {
      return out_.fault(item.line, "node " + name.substr(0, 80) + " stands there twice, first in line " + std::to_string(at->second));
    }
    ForeignNodes nodes{
        .line = item.line, .site = options_.site.empty() ? text_of(labels, kZone) : options_.site, .pool = {}, .by_model = {}};
    for (const char* label : kPoolLabels) {
      if (nodes.pool.empty()) nodes.pool = text_of(labels, label);
    }
    if (nodes.site.empty()) {
      return out_.fault(item.line, "node " + name.substr(0, 80) + " has no label " + kZone + ": say --site NAME, where all of it stands");
    }
    if (!capacity.is_object() || capacity.empty()) return out_.fault(item.line, "status.capacity: is missing");
    if (const auto text = text_of(capacity, "memory"); !text.empty()) {
      nodes.memory_bytes = quantity(text);
      if (!nodes.memory_bytes) return out_.fault(item.line, "status.capacity.memory: \"" + text.substr(0, 40) + "\" is no quantity");
    }
    if (!take_cards(item.line, labels, capacity, nodes)) return;
    add_nodes(out_, std::move(nodes));
  }

 private:
  bool take_cards(std::size_t line, const Json& labels, const Json& capacity, ForeignNodes& nodes) {
    nodes.accelerators = 0;  // a node without a device plugin offers none
    for (const auto& [resource, value] : capacity.items()) {
      const bool card = std::ranges::any_of(kCards, [&resource = resource](const char* name) { return resource.starts_with(name); });
      if (!card || !value.is_string()) continue;
      auto count = quantity(value.get<std::string>());
      if (!count || *count > kMaxForeignCount) {
        out_.fault(line, "status.capacity." + resource.substr(0, 80) + ": is no count of cards");
        return false;
      }
      const bool nvidia = resource == kCards[0];
      if (const auto all = nvidia ? quantity(text_of(labels, kCardCount)) : std::nullopt; all && *all > 0) count = std::min(*count, *all);
      *nodes.accelerators += *count;
      const auto model = nvidia ? text_of(labels, kCardModel) : resource.substr(resource.find('/') + 1);
      if (*count > 0 && !model.empty() && model != "gpu") nodes.by_model[model] += *count;
    }
    return true;
  }

  ForeignRecords& out_;
  const ForeignOptions& options_;
  std::map<std::string, std::size_t> names_;
};

}  // namespace

ForeignRecords read_kubernetes(std::string_view text, const ForeignOptions& options) {
  ForeignRecords records;
  const auto items = json_items(text, "items");
  if (!items) {
    const auto& what = items.error().what;
    records.fault(static_cast<std::size_t>(std::max(1, std::atoi(what.c_str()))), what.substr(what.find(": ") + 2));
    return records;
  }
  NodeReader reader(records, options);
  for (const auto& item : *items) reader.read(item);
  return records;
}

}  // namespace capmap
