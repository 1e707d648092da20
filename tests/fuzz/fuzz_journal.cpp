// A kept journal of older builds into its reader.
#include <cstddef>
#include <cstdint>

#include "common/log.hpp"
#include "controller/store/journal.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool quiet = start_log("error").ok();
  check(quiet, "the log cannot start");
  static const fuzz::InputFolder folder;
  const auto path = folder.put("store.jsonl", fuzz::text_of(data, size));
  const auto journal = read_journal(path);
  if (!journal) {
    check(journal.error().code == ErrorCode::kMalformed, "a journal was refused as something else");
    check(journal.error().what.starts_with(path + ":"), "a refusal does not name file and line");
    return 0;
  }
  for (std::size_t i = 1; i < journal->sites.size(); ++i) check(journal->sites[i].id != journal->sites[0].id, "a site is there twice");
  for (std::size_t i = 1; i < journal->nodes.size(); ++i) check(journal->nodes[i].id != journal->nodes[0].id, "a node is there twice");
  for (const auto& site : journal->sites) check(!site.security_level || *site.security_level <= 5, "a level that there is not");
  return 0;
}
