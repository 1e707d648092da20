// The national bulletin: what the map holds now, beside what others have published.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/http/json.hpp"
#include "controller/http/shared_json.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {

/// Sums of one view, each of all that who asks may see.
struct Bulletin {
  Rollup regions, hubs, owners, classes;  ///< by division, hub, class of owner, compute class
  std::string scope;                      ///< whose sites they are; empty: all
  std::string at, epoch, catalog, version;
  std::uint64_t revision = 0, age_ms = 0, known_nodes = 0, unheard_nodes = 0;
  Measures measures;                                       ///< that were summed
  SharedSums::Sum shared{};                                ///< file systems that several servers mount
  std::vector<std::string> region_names, region_names_en;  ///< [row of regions]; empty: the code says all
};

/// Cost: four passes over the cells. Pure; any thread.
Bulletin make_bulletin(const MapView& view, const std::optional<FilterNode>& filter, std::uint64_t now_boot_ms);

enum class BulletinLanguage : std::uint8_t { kEnglish, kChinese };

/// A value of a table: as a person reads it, and as it is (digits in the unit that its column's `unit` names; empty: not known).
struct BulletinCell {
  std::string text, raw;
};
struct BulletinColumn {
  std::string title;
  std::string unit;  ///< of `raw`; empty: a text
};
struct BulletinTable {
  std::string title, note;
  std::vector<BulletinColumn> columns;
  std::vector<std::vector<BulletinCell>> rows;
  std::vector<std::size_t> charts;  ///< columns that a chart shows, bars by the first column
};
/// The bulletin in one language, whatever it is printed as.
struct BulletinDocument {
  BulletinLanguage language = BulletinLanguage::kEnglish;
  std::string title;
  std::vector<std::string> lines;  ///< of which moment, how old, by which chip table, what is left out
  std::vector<BulletinTable> tables;
};
BulletinDocument bulletin_document(const Bulletin& bulletin, BulletinLanguage language);

std::string bulletin_markdown(const BulletinDocument& document);
/// One value a line: table, row, column, unit, value. RFC 4180.
std::string bulletin_csv(const BulletinDocument& document);
/// One page without scripts or anything from elsewhere, charts in SVG, that prints on A4.
std::string bulletin_page(const BulletinDocument& document);
/// The page's Content-Security-Policy.
std::string bulletin_policy();

}  // namespace capmap
