// What a controller answers into capmapctl's pages, and amounts and times that people type: the first byte chooses. Whatever is answered,
// a page moves no cursor and says nothing in broken UTF-8.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "controller/ctl/access.hpp"
#include "controller/ctl/api.hpp"
#include "controller/ctl/chips.hpp"
#include "controller/ctl/clones.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/ctl/contradictions.hpp"
#include "controller/ctl/doubles.hpp"
#include "controller/ctl/find.hpp"
#include "controller/ctl/hardware.hpp"
#include "controller/ctl/history.hpp"
#include "controller/ctl/joining.hpp"
#include "controller/ctl/node_notes.hpp"
#include "controller/ctl/orders.hpp"
#include "controller/ctl/places.hpp"
#include "controller/ctl/region_import.hpp"
#include "controller/ctl/site_codes.hpp"
#include "controller/ctl/sql.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

void check_page(const std::string& page) {
  for (const char c : page) check(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F), "a page moves the cursor");
  try {
    static_cast<void>(ApiJson(page).dump());
  } catch (const ApiJson::type_error&) {
    check(false, "a page is not UTF-8");
  }
}

void read_lists(const ApiJson& answer) {
  for (const auto& page : {audit_text(answer, false),          users_text(answer, false),           chips_text(answer, false),
                           unrated_chips_text(answer, false),  chip_changes_text(answer),           clones_text(answer, false),
                           contradictions_text(answer, false), doubles_text(answer, false),         find_text(answer, "fp16", false),
                           hardware_text(answer, 20, false),   tokens_text(answer, false),          pending_text(answer, false),
                           keys_text(answer, false),           pools_text(answer, answer, false),   import_text(answer),
                           descriptors_text(answer, false),    sql_rows_text(answer, false),        sql_tables_text(answer, false),
                           sql_examples_text(answer),          sql_problem_text("select 1", answer)}) {
    check_page(page);
  }
  using enum NotedQuestion::Kind;
  for (const auto kind : {kVersions, kFlapping, kLostUpdates, kSkew}) check_page(noted_text(answer, kind, false));
  if (const auto schema = sql_schema_text(answer, "a", false)) check_page(*schema);
}

void read_answer(std::string_view text) {
  const auto answer = parse_answer(text);
  if (!answer) {
    check(answer.error().code == ErrorCode::kMalformed && !answer.error().what.empty(), "an answer was refused without a reason");
    return;
  }
  check(!answer->dump().empty(), "an answer cannot be shown as JSON");
  for (const auto& page :
       {map_text(*answer, false), nodes_text(*answer, false), node_text(*answer, false), measured_text(*answer), sites_text(*answer, false),
        owners_text(*answer, false), links_text(*answer, false), site_text(*answer, "a"), imbalance_text(*answer, false),
        absent_text(*answer, false), resolved_text(*answer, false), growth_text(*answer, *answer, false), events_text(*answer, false),
        history_text(*answer, "cpu_use", false), history_text(*answer, "power", false)}) {
    check_page(page);
  }
  read_lists(*answer);
}

void read_typed(std::string_view text) {
  const auto duration = parse_duration_ms(text);
  if (duration) check(*duration >= 1'000 && *duration <= std::uint64_t{365} * 86'400'000, "a time beyond its bounds");
  if (!duration) check(!duration.error().what.empty(), "refused without a reason");
  if (const auto amount = parse_wide(text)) {
    for (const auto& page : {count_text(*amount), storage_text(*amount), memory_text(*amount), flops_text(*amount), ops_text(*amount),
                             bandwidth_text(*amount), cores_text(*amount), watts_text(*amount)}) {
      check(!page.empty() && page.size() <= 64, "an amount that nobody can read");
    }
    utc_text(static_cast<std::uint64_t>(*amount));
    age_text(static_cast<std::uint64_t>(*amount));
  }
  check_page(printable(text));
  check(display_width(fitted(text, 20)) <= 20, "a text is wider than its column");
  check_page(labelled("label", text, 10));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  if (data[0] % 8 == 0) {
    read_typed(text);
  } else {
    read_answer(text);
  }
  return 0;
}
