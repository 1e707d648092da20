// The bulletin as a page to read and to print.
#include <algorithm>
#include <cstdlib>
#include <functional>

#include "controller/http/bulletin.hpp"
#include "controller/http/html_text.hpp"

namespace capmap {
namespace {

constexpr std::string_view kStyle =
    "@page{size:A4 landscape;margin:12mm}body{font:14px/1.45 'Noto Sans CJK SC','Noto Sans',sans-serif;max-width:78rem;margin:1.5rem "
    "auto;padding:0 1rem;color:#16202a;background:#fff}h1{font-size:1.7rem;margin:.2rem 0 .6rem}h2{font-size:1.15rem;margin:1.8rem 0 "
    ".4rem;break-after:avoid}ul{padding-left:1.1rem;margin:.3rem 0;color:#3d4a57}table{border-collapse:collapse;width:100%;font-varia"
    "nt-numeric:tabular-nums}td,th{border-bottom:1px solid #c9d2db;padding:.25rem .5rem;text-align:right;vertical-align:top}td.t,th.t"
    "{text-align:left}td.t{white-space:pre-line}tbody th{border-bottom:1px solid #c9d2db;font-weight:600;white-space:nowrap}thead th{"
    "border-bottom:2px solid #16202a}tr{break-inside:avoid}p{margin:.2rem 0 .5rem;color:#3d4a57}.wide{overflow-x:auto}figure{margin:."
    "6rem 0;break-inside:avoid}figcaption{font-weight:600}svg text{font-size:12px;fill:#16202a}svg .v{fill:#3d4a57}svg rect{fill:#1f5"
    "fa8}@media print{body{max-width:none;margin:0;padding:0}.wide{overflow:visible}table{font-size:10px}}@media screen and (prefers-"
    "color-scheme:dark){body{color:#e4e8ec;background:#14181d}ul,p,svg .v{color:#aab4be;fill:#aab4be}td,th,tbody th{border-color:#394"
    "24c}thead th{border-bottom-color:#e4e8ec}svg text{fill:#e4e8ec}svg rect{fill:#6aa5e8}}";

constexpr std::size_t kMostBars = 40;
constexpr double kBarsWidth = 560;

/// Bars of one column, the longest first.
std::string chart(const BulletinTable& table, std::size_t column) {
  struct Bar {
    const BulletinCell *name, *cell;
    double value;
  };
  std::vector<Bar> bars;
  for (const auto& row : table.rows) {
    if (row[column].raw.empty()) continue;
    bars.push_back({&row[0], &row[column], std::strtod(row[column].raw.c_str(), nullptr)});
  }
  std::ranges::stable_sort(bars, std::greater<>(), &Bar::value);
  std::erase_if(bars, [](const Bar& bar) { return bar.value <= 0; });
  if (bars.size() < 2) return {};
  if (bars.size() > kMostBars) bars.resize(kMostBars);
  const auto& title = table.columns[column].title;
  const auto height = std::to_string(bars.size() * 20 + 4);
  std::string out = "<figure><figcaption>" + html_text(title) + "</figcaption><svg role=\"img\" aria-label=\"" + html_text(title) +
                    "\" viewBox=\"0 0 860 " + height + "\" width=\"860\" height=\"" + height + "\">";
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const auto y = std::to_string(i * 20 + 2), base = std::to_string(i * 20 + 15);
    const int width = std::max(1, static_cast<int>(bars[i].value / bars[0].value * kBarsWidth));
    out += "<text x=\"150\" y=\"" + base + "\" text-anchor=\"end\">" + html_text(bars[i].name->text) + "</text><rect x=\"158\" y=\"" + y +
           "\" width=\"" + std::to_string(width) + "\" height=\"16\"/><text class=\"v\" x=\"" + std::to_string(164 + width) + "\" y=\"" +
           base + "\">" + html_text(bars[i].cell->text) + "</text>";
  }
  return out + "</svg></figure>";
}

std::string table_html(const BulletinTable& table) {
  std::string out = "<h2>" + html_text(table.title) + "</h2>";
  if (!table.note.empty()) out += "<p>" + html_text(table.note) + "</p>";
  for (const auto column : table.charts) out += chart(table, column);
  out += "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"" + html_text(table.title) + "\"><table><thead><tr>";
  const auto kind = [&](std::size_t i) { return table.columns[i].unit.empty() ? " class=\"t\"" : ""; };
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    out += std::string("<th scope=\"col\"") + kind(i) + ">" + html_text(table.columns[i].title) + "</th>";
  }
  out += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += i == 0 ? "<th scope=\"row\" class=\"t\">" + html_text(row[i].text) + "</th>"
                    : std::string("<td") + kind(i) + ">" + html_text(row[i].text) + "</td>";
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

}  // namespace

std::string bulletin_page(const BulletinDocument& document) {
  const bool chinese = document.language == BulletinLanguage::kChinese;
  std::string out = std::string("<!doctype html><html lang=\"") + (chinese ? "zh-CN" : "en") +
                    "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>" +
                    html_text(document.title) + "</title><style>" + std::string(kStyle) + "</style></head><body><main><h1>" +
                    html_text(document.title) + "</h1><ul>";
  for (const auto& line : document.lines) out += "<li>" + html_text(line) + "</li>";
  out += "</ul>";
  for (const auto& table : document.tables) out += table_html(table);
  return out + "</main></body></html>\n";
}

std::string bulletin_policy() {
  return style_policy(kStyle);
}

}  // namespace capmap
