// A kept journal of older builds into its reader, and the file of revoked keys into its own.
#include <cstddef>
#include <cstdint>

#include "common/log.hpp"
#include "common/transport.hpp"
#include "controller/store/journal.hpp"
#include "controller/store/revocations.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

/// What the file of revoked keys holds is told again by its own lines.
void read_revoked(std::string_view text) {
  const auto keys = parse_revocations(text, "revoked.keys");
  if (!keys) check(keys.error().what.starts_with("revoked.keys:"), "a refusal does not name file and line");
  for (const auto& key : keys ? *keys : std::vector<RevokedKey>{}) check(is_z85_key(key.public_key), "a key that is none");
  const auto ranges = parse_address_ranges(text);
  if (!ranges) return;
  const auto again = parse_address_ranges(to_text(*ranges));
  check(again && *again == *ranges, "ranges are not read as they are written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_revoked(fuzz::text_of(data, size));
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
