#pragma once
#include <string>
#include <vector>

#include "common/result.hpp"
#include "controller/store/store.hpp"

namespace capmap {

/// What a journal `store.jsonl` of capmap 0.1 holds: sites, tokens and nodes, the newest record of each, each id once.
/// One line is a whole record; the first is the header {"capmap_store":1}. A last line torn by a crash was never acknowledged and is
/// dropped with a warning; any other bad line is an error that names file and line. Read only: stores are SQLite now.
/// Errors: kAbsent (no file), kDenied, kMalformed, kFull (over 4 GiB).
struct Journal {
  std::vector<Site> sites;
  std::vector<TokenRecord> tokens;
  std::vector<KnownNode> nodes;
};
Result<Journal> read_journal(const std::string& path);

}  // namespace capmap
