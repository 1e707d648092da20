#pragma once
#include <cstdint>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "controller/ctl/api.hpp"
#include "controller/ctl/table_look.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// What capmapctl ends with; the manual and --help name the same numbers.
enum class CtlExit : int { kDone = 0, kFailed = 1, kUsage = 2, kUnreachable = 3, kNotFound = 4, kRefused = 5 };

/// Where answers go and how.
struct Screen {
  std::ostream& out;
  bool json = false;      ///< the API's own JSON instead of tables
  bool terminal = false;  ///< somebody sits there, who can be asked and shown how far a thing is
  TableLook look{};
};

struct TokenRequest {
  std::string site;         ///< name or s-… id
  std::string child_sites;  ///< such, with commas between: instead of `site`, for child controllers that speak for these
  std::uint32_t uses = 1;
  std::uint64_t lifetime_ms = 86'400'000;
  bool quiet = false;  ///< the token alone, for scripts
  std::string name, pool, from;
  std::string approve = "auto";
};

struct NodeFilter {
  std::string site, liveness;   ///< empty = all
  std::string filter;           ///< a condition as /v1/nodes takes it; empty = none
  std::uint32_t limit = 1'000;  ///< most nodes to list
};

/// The commands, one a subcommand. Each prints its answer to screen.out, or returns why there is none. Thread: one.
/// `init`: makes the state folder of a controller on this machine; talks to nobody.
Result<Done> init_state(const ApiConnection& connection, const Screen& screen, const Site& first_site);
/// `token create`: what a server shows to be let in.
Result<Done> create_token(const ApiConnection& connection, const Screen& screen, const TokenRequest& request);
/// `regions`: divisions, and what sites stand in; `all`: every region that is known.
Result<Done> list_regions(const ApiConnection& connection, const Screen& screen, bool all);
Result<Done> list_sites(const ApiConnection& connection, const Screen& screen);
Result<Done> add_site(const ApiConnection& connection, const Screen& screen, const Site& site);
/// `sites declare`: what a site's operator says stands there, in place of what was declared before.
Result<Done> declare_site(const ApiConnection& connection, const Screen& screen, const std::string& name_or_id,
                          const DeclaredCapacity& declared);
Result<Done> list_nodes(const ApiConnection& connection, const Screen& screen, const NodeFilter& filter);
/// `nodes absent`: nodes that were let in and are lost or never came. `filter.liveness` is not heeded.
Result<Done> list_absent(const ApiConnection& connection, const Screen& screen, const NodeFilter& filter);
/// `nodes show`: by n-… id, or by host name when one node alone has it.
Result<Done> show_node(const ApiConnection& connection, const Screen& screen, const std::string& id_or_hostname);
/// `nodes benchmark`: asks a node to measure itself, and waits for what comes; kTimeout when nothing does.
Result<Done> benchmark_node(const ApiConnection& connection, const Screen& screen, const std::string& id_or_hostname,
                            std::uint32_t seconds);
/// What an admin orders of a node's service.
struct ServiceRequest {
  std::string state;                ///< the API's word
  std::string reason, from, until;  ///< times as 2026-11-22T21:00:00Z; empty = not said
};
/// `nodes drain`, `undrain`, `maintenance`, `quarantine`, `retire`.
Result<Done> order_service(const ApiConnection& connection, const Screen& screen, const std::string& id_or_hostname,
                           const ServiceRequest& request);
/// `nodes remove`: for good. Without `yes` asks on a terminal, and refuses elsewhere.
Result<Done> remove_node(const ApiConnection& connection, const Screen& screen, const std::string& id_or_hostname, bool yes);
/// What of the map is asked for: dimensions with commas ("region,cpu_model"), a filter, measures (see /v1/map), all may be empty.
struct MapQuestion {
  std::string by, filter, measure;
  std::string at, chips;  ///< a moment of the past, 2026-11-22T21:00:00Z; and the chip table to re-state it with
};
/// `map`: totals, or groups by dimensions.
Result<Done> show_map(const ApiConnection& connection, const Screen& screen, const MapQuestion& question);
/// All groups of an answer of /v1/map, page by page.
Result<ApiJson> read_map(const ApiConnection& connection, const MapQuestion& question);
/// `map --since`: what of each group has come or gone since a moment; `question.at` is the later one, empty = now.
Result<Done> show_growth(const ApiConnection& connection, const Screen& screen, const MapQuestion& question, const std::string& since);
/// `history spans` and `history events`.
Result<Done> show_history_spans(const ApiConnection& connection, const Screen& screen);
struct EventFilter {
  std::string node, from, until;  ///< n-… id; times as 2026-11-22T21:00:00Z; empty = all
  std::uint32_t limit = 100;
};
Result<Done> show_history_events(const ApiConnection& connection, const Screen& screen, const EventFilter& filter);
/// A moment as the API takes it, of "2026-11-22T21:00:00Z", "2026-11-22" or "3d" (ago). Errors: kMalformed.
Result<std::string> parse_moment(std::string_view option, const std::string& text, std::uint64_t now_unix_ms);
/// A named view of unevenness: its name, a filter (may be empty), and whether as CSV.
struct ImbalanceQuestion {
  std::string name, filter;
  bool csv = false;
};
/// `imbalance`: installed, available, used and free side by side, with the share of each row.
Result<Done> show_imbalance(const ApiConnection& connection, const Screen& screen, const ImbalanceQuestion& question);
/// `resolve`: what an id names, and which controller owns it.
Result<Done> resolve_id(const ApiConnection& connection, const Screen& screen, const std::string& id);
/// `status`: whether the controller is ready; kUnavailable when it answers but is not.
Result<Done> show_status(const ApiConnection& connection, const Screen& screen);

/// `backup`, `restore`, `store check`: the database in the state folder of this machine; they talk to no controller.
Result<Done> back_up_store(const ApiConnection& connection, const Screen& screen, const std::string& file);
Result<Done> restore_store_from(const ApiConnection& connection, const Screen& screen, const std::string& file);
/// An empty file name means the state folder's own.
Result<Done> check_store(const ApiConnection& connection, const Screen& screen, const std::string& file);

/// `doctor`: the controller's installation on this machine (controller/ctl/doctor.hpp), with its settings file. Errors: kUnavailable when
/// something is broken, after all is told.
Result<Done> examine_installation(const ApiConnection& connection, const Screen& screen, const std::string& config);

/// Path of a node named by its id, or by a host name that one node alone has (looked for page by page). Errors: kAbsent, kMalformed.
Result<std::string> node_path(const ApiConnection& connection, const std::string& id_or_hostname);

/// Answers of the API as text. Pure.
std::string map_text(const ApiJson& answer, const TableLook& look);
std::string growth_text(const ApiJson& then, const ApiJson& now, const TableLook& look);
std::string events_text(const ApiJson& answer, const TableLook& look);
std::string imbalance_text(const ApiJson& answer, const TableLook& look);
std::string nodes_text(const ApiJson& answer, const TableLook& look);
std::string resolved_text(const ApiJson& answer, const TableLook& look);
std::string absent_text(const ApiJson& answer, const TableLook& look);
std::string node_text(const ApiJson& node, const TableLook& look);
/// What a node measured, with when and how; empty where nothing was.
std::string measured_text(const ApiJson& node);
std::string sites_text(const ApiJson& answer, const TableLook& look);

/// What capmapctl writes to.
struct Terminal {
  bool present = false;       ///< a terminal, not a file or a pipe
  bool colours = false;       ///< it may be written to in bold
  std::uint16_t columns = 0;  ///< 0: not known
  std::uint16_t rows = 0;     ///< 0: not known, then nothing is paged
};

/// Runs capmapctl: `arguments` without the program's name. Answers go to `out`, errors to `err`.
CtlExit run_ctl(const std::vector<std::string>& arguments, const std::string& version, std::ostream& out, std::ostream& err,
                const Terminal& terminal = {});

}  // namespace capmap
