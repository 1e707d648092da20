#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr int kTests = 5;       ///< four, and a file to be made
constexpr int kPatienceS = 90;  ///< beside the tests themselves: asked by the next ack, told by the next hello
constexpr int kLookEveryS = 1;

/// Why there is no result, as the node says it; empty: it does not say.
std::string refusal(const Json& node) {
  for (const Json& problem : list_at(node, "problems")) {
    if (text_at(problem, "probe") == "benchmark") return text_at(problem, "what").value_or("the node refused");
  }
  return {};
}

}  // namespace

Result<Done> benchmark_node(const ApiConnection& connection, const Screen& screen, const std::string& id_or_hostname,
                            std::uint32_t seconds) {
  const auto path = node_path(connection, id_or_hostname);
  if (!path) return path.error();
  const auto asked = api_post(connection, *path + "/benchmark", {{"seconds", seconds}});
  if (!asked) return asked.error();
  const auto before = text_at(object_at(*asked, "measured_before"), "at");
  const int most_s = static_cast<int>(seconds) * kTests + kPatienceS;
  for (int waited_s = 0; waited_s < most_s; waited_s += kLookEveryS) {
    const auto node = api_get(connection, *path);
    if (!node) return node.error();
    const Json& measured = object_at(*node, "measured");
    if (const auto at = text_at(measured, "at"); at && at != before) {
      screen.out << (screen.json ? measured.dump() + "\n" : measured_text(*node));
      return Done{};
    }
    if (const auto why = refusal(*node); !why.empty()) return Error{ErrorCode::kDenied, why};
    if (screen.terminal) screen.out << "\r\033[Kasked; waiting " << waited_s << " s of at most " << most_s << " s\r" << std::flush;
    std::this_thread::sleep_for(std::chrono::seconds(kLookEveryS));
  }
  return Error{ErrorCode::kTimeout,
               "no result within " + std::to_string(most_s) + " s; is the node fresh? A late one shows in capmapctl nodes show"};
}

}  // namespace capmap
