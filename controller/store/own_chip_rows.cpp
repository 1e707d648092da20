#include "controller/store/own_chip_rows.hpp"

namespace capmap {

Result<Done> put_own_chip_rows(Database& database, const OwnChips& own) {
  if (auto emptied = database.run("delete from own_chips"); !emptied) return emptied;
  auto put = database.prepare("insert into own_chips (file, rows) values (?1, ?2)");
  if (!put) return put.error();
  for (std::size_t i = 0; i < kChipFileCount; ++i) {
    if (own[i].empty()) continue;
    const auto stepped = put->bind(1, std::string_view(kChipFileNames[i])).bind(2, own[i]).step();
    if (!stepped) return stepped.error();
  }
  return Done{};
}

Result<OwnChips> own_chip_rows(Database& database) {
  auto rows = database.prepare("select file, rows from own_chips");
  if (!rows) return rows.error();
  OwnChips own;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return own;
    for (std::size_t i = 0; i < kChipFileCount; ++i) {
      if (rows->text(0) == kChipFileNames[i]) own[i] = rows->text(1);
    }
  }
}

}  // namespace capmap
