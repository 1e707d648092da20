// Nodes as targets of Prometheus' HTTP service discovery: what runs beside the agent on each of them is found from the map.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/node_list.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/target_host.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultPort = 9'100;  ///< of the node exporter
constexpr std::uint64_t kMaxParts = 1'000;
constexpr std::size_t kMaxTargets = 10'000;  ///< of one answer: Prometheus takes no pages
constexpr std::size_t kRowsAsked = 512;      ///< of one question: nobody else waits long for the thread

/// A list on its way through the chunks of the node table.
struct Listing {
  ScanSlots::Slot slot;
  std::shared_ptr<const MapView> view;
  std::shared_ptr<NodeSelection> selection = std::make_shared<NodeSelection>();
  std::string port, host_label;  ///< host_label: key of the label that tells the host; empty: its host name does
  std::size_t chunk = 0, targets = 0, without_host = 0;
  std::string body = "[";
};

Outcome ask_for_rows(const std::shared_ptr<Listing>& listing);

/// Those that are worked on, out of order or gone are not expected to answer; what runs on a machine under another key answers there.
bool is_target(const NodeRow& row) {
  if (row.same_machine || row.counted_service == ServiceState::kQuarantined || row.counted_service == ServiceState::kRetired) return false;
  return row.service == ServiceState::kInService || row.service == ServiceState::kDraining;
}

std::string host_of(const NodeRow& row, const Listing& listing) {
  if (listing.host_label.empty()) return target_host(row.hostname);
  const auto found = std::ranges::find(row.labels, listing.host_label, &Label::key);
  return found == row.labels.end() ? target_host(row.hostname) : target_host(found->value);
}

void put(Json& labels, const std::string& name, const std::string& value) {
  if (!value.empty()) labels["__meta_capmap_" + name] = value;
}

Json labels_of(const NodeRow& row, const MapView& view) {
  Json labels = Json::object();
  put(labels, "node", to_text(row.id));
  put(labels, "hostname", row.hostname);
  const Site* const site = row.site < view.sites.size() ? view.sites[row.site].get() : nullptr;
  const Pool* const pool = row.pool < view.pools.size() ? view.pools[row.pool].get() : nullptr;
  if (site != nullptr) {
    put(labels, "site", site->name);
    put(labels, "site_id", to_text(site->id));
    put(labels, "region", site->region);
  }
  if (pool != nullptr) put(labels, "pool", pool->name);
  const bool of_pool = pool != nullptr && !pool->compute_class.empty();
  put(labels, "class", of_pool ? pool->compute_class : site != nullptr ? site->compute_class : "");
  put(labels, "liveness", kLivenessNames[static_cast<std::size_t>(row.liveness)]);
  put(labels, "service", kServiceStateNames[static_cast<std::size_t>(row.service)]);
  put(labels, "verdict", kVerdictNames[static_cast<std::size_t>(row.verdict)]);
  const HardwareRow* const hardware = row.hardware < view.hardware.size() ? view.hardware[row.hardware].get() : nullptr;
  if (hardware != nullptr) {
    put(labels, "model", hardware->accelerator_names.empty() ? "" : hardware->accelerator_names.front());
    put(labels, "cpu_model", hardware->shape.cpu.model);
  }
  for (const auto& [key, value] : row.labels) put(labels, "label_" + label_name(key), value);
  return labels;
}

HttpResponse finish(Listing& listing) {
  HttpResponse response{.status = 200, .content_type = "application/json", .body = std::move(listing.body), .headers = {}};
  response.body += listing.targets == 0 ? "]\n" : "\n]\n";
  response.headers.emplace_back("X-Capmap-Without-Host", std::to_string(listing.without_host));
  return response;
}

Outcome take_rows(const std::shared_ptr<Listing>& listing, const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& found = std::get<NodeAnswer>(answer);
  for (const auto& row : found.rows) {
    if (!is_target(row)) continue;
    const auto host = host_of(row, *listing);
    if (host.empty()) {
      ++listing->without_host;
      continue;
    }
    if (listing->targets == kMaxTargets) {
      return problem_response(
          {.status = 400,
           .word = "too-many-targets",
           .detail = "more than " + std::to_string(kMaxTargets) +
                     " nodes: ask by site or filter, or by parts, each in an http_sd_config of its own: part=1/2, part=2/2"});
    }
    const Json target = {{"targets", {host + ":" + listing->port}}, {"labels", labels_of(row, *listing->view)}};
    auto line = json_text(target);
    while (!line.empty() && line.back() == '\n') line.pop_back();
    listing->body += (listing->targets == 0 ? "\n" : ",\n") + line;
    ++listing->targets;
  }
  if (found.rows.size() >= kRowsAsked) {
    listing->selection->first_slot = found.rows.back().slot + 1;
    return ask_for_rows(listing);
  }
  listing->selection->first_slot = 0;
  return ++listing->chunk < found.chunk_count ? ask_for_rows(listing) : Outcome(finish(*listing));
}

Outcome ask_for_rows(const std::shared_ptr<Listing>& listing) {
  listing->selection->most = kRowsAsked;
  return Ask{.question = NodeQuery{.ticket = 0, .id = std::nullopt, .chunk = listing->chunk, .selection = listing->selection},
             .then = [listing](const Answer& answer) { return take_rows(listing, answer); }};
}

/// "2/8".
Result<Done> read_part(const std::string& text, Listing& listing) {
  const auto stroke = text.find('/');
  const auto parts = parse_count("part", stroke == std::string::npos ? "" : text.substr(stroke + 1), 1, kMaxParts);
  const auto part = parse_count("part", text.substr(0, stroke), 1, parts ? *parts : kMaxParts);
  if (!part || !parts) return Error{ErrorCode::kMalformed, "part: must be which of how many, \"1/4\" to \"4/4\", of 1000 at most"};
  listing.selection->part = *part - 1;
  listing.selection->parts = *parts;
  return Done{};
}

Result<Done> read_host(const std::string& text, Listing& listing) {
  if (text == "hostname") return Done{};
  if (!text.starts_with(kLabelPrefix) || text.size() == kLabelPrefix.size()) {
    return Error{ErrorCode::kMalformed, "host: must be hostname, or label.KEY for a label that tells each node's name or address"};
  }
  listing.host_label = text.substr(kLabelPrefix.size());
  return Done{};
}

}  // namespace

Outcome get_prometheus_targets(const Call& call) {
  auto listing = std::make_shared<Listing>();
  listing->view = call.view;
  const auto port = parse_count("port", parameter(call.target, "port").value_or(std::to_string(kDefaultPort)), 1, 65'535);
  if (!port) return error_response(port.error());
  listing->port = std::to_string(*port);
  if (auto read = read_host(parameter(call.target, "host").value_or("hostname"), *listing); !read) return error_response(read.error());
  if (auto read = read_part(parameter(call.target, "part").value_or("1/1"), *listing); !read) return error_response(read.error());
  if (auto refused = read_selection(call, std::nullopt, *listing->selection)) return *refused;
  listing->slot = call.scans.take();
  if (!listing->slot) {
    return problem_response({.status = 503,
                             .word = "too-many-scans",
                             .detail = std::to_string(ScanSlots::kMost) + " questions that look at every node go on already: ask again"});
  }
  return ask_for_rows(listing);
}

}  // namespace capmap
