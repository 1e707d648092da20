#pragma once
#include <string>

#include "common/result.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// A file of history, made where it is not there, with the tables of the change log. Errors: as Store; kMalformed (damaged, another kind of
/// database, of a newer capmap).
Result<Database> open_history_file(const std::string& path);

/// Opens `history.db` of a state folder, and makes it where there is none: apart from store.db, because it is large, grows each minute, and
/// nothing that was promised is in it. Write-ahead log, each commit on the disk before it returns; older tables are brought up to date.
/// A file that is damaged is put aside as history.db.damaged-N and a new one begun: what it says is one warning.
/// Errors: as Store; kMalformed for a file of a newer capmap.
Result<Database> open_history(const std::string& state_folder);

}  // namespace capmap
