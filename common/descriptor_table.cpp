#include "common/descriptor_table.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "common/catalog_folder.hpp"
#include "common/csv_row.hpp"

namespace capmap {
namespace {

constexpr const char* kFile = "descriptors.csv";
constexpr const char* kColumns = "form,version,part,kind,field,prefix,width,alphabet,padding,total,available,unit,required,meaning,source";
constexpr std::uint32_t kMaxVersion = 1'000, kMaxWidth = 64;
constexpr std::size_t kMaxPrefix = 8;
constexpr std::array kAlphabets = {"digits", "lower", "upper", "name"};

bool is_one_of(const auto& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::string listed(const auto& words) {
  std::string text;
  for (const auto* word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

void check_attribute(CsvRowReader& cells, const char* column, const DescriptorField& field, const std::string& attribute) {
  if (attribute.empty()) return;
  if (attribute.front() == '=') {
    if (!fits_alphabet(field.alphabet, std::string_view(attribute).substr(1))) cells.refuse(column, "is not of the field's alphabet");
    if (field.unit != 0) cells.refuse("unit", "a fixed text has none");
    return;
  }
  const bool figure = is_descriptor_figure(attribute);
  if (!figure && !is_one_of(kDescriptorTexts, attribute)) {
    cells.refuse(column, in_quotes(attribute) + " is none of " + listed(kDescriptorTexts) + ", " + listed(kDescriptorFigures));
  }
  if (figure && field.alphabet != DescriptorField::Alphabet::kDigits) cells.refuse("alphabet", "a figure is written in digits");
  if (figure != (field.unit != 0)) cells.refuse("unit", figure ? "a figure has one, 1 or more" : "a text has none");
}

Result<std::uint64_t> read_unit(CsvRowReader& cells) {
  const auto& text = cells.text("unit");
  std::uint64_t unit = 0;
  if (text.empty()) return unit;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), unit);
  if (failure == std::errc{} && stop == text.data() + text.size() && unit != 0) return unit;
  cells.refuse("unit", in_quotes(text) + " is not a whole number from 1 on");
  return *cells.error();
}

Result<DescriptorField> read_field(CsvRowReader& cells) {
  DescriptorField field{.part = cells.required("part"),
                        .kind = cells.text("kind"),
                        .name = cells.required("field"),
                        .prefix = cells.text("prefix"),
                        .width = cells.number("width", 0, kMaxWidth).value_or(0),
                        .total = cells.text("total"),
                        .available = cells.text("available"),
                        .meaning = cells.required("meaning"),
                        .source = cells.required("source")};
  const auto unit = read_unit(cells);
  if (!unit) return unit.error();
  field.unit = *unit;
  const auto alphabet = std::ranges::find(kAlphabets, std::string_view(cells.text("alphabet")));
  if (alphabet == kAlphabets.end()) cells.refuse("alphabet", "is none of " + listed(kAlphabets));
  if (alphabet != kAlphabets.end()) field.alphabet = static_cast<DescriptorField::Alphabet>(alphabet - kAlphabets.begin());
  for (const auto& [column, yes, no, place] :
       {std::tuple{"padding", "zero", "none", &field.padded}, std::tuple{"required", "yes", "no", &field.required}}) {
    const auto& word = cells.text(column);
    if (word != yes && word != no) cells.refuse(column, in_quotes(word) + " is neither " + yes + " nor " + no);
    *place = word == yes;
  }
  const bool known = field.kind.empty() || is_one_of(kDescriptorClasses, field.kind) || is_one_of(kDescriptorResources, field.kind);
  if (!known)
    cells.refuse("kind", in_quotes(field.kind) + " is none of " + listed(kDescriptorClasses) + ", " + listed(kDescriptorResources));
  if (field.prefix.size() > kMaxPrefix || !fits_alphabet(DescriptorField::Alphabet::kUpper, field.prefix)) {
    cells.refuse("prefix", "is not up to 8 of A-Z 0-9");
  }
  if (field.padded && field.width == 0) cells.refuse("padding", "needs a width");
  if (field.total.empty() && field.available.empty()) cells.refuse("total", "nothing tells the field in any edition");
  check_attribute(cells, "total", field, field.total);
  check_attribute(cells, "available", field, field.available);
  if (cells.error()) return *cells.error();
  return field;
}

/// True when a reader could not tell where the field ends and the next one of a row begins.
bool runs_into(const DescriptorField& field, const DescriptorField& next) {
  if (field.width != 0 || field.part != next.part) return false;
  return next.prefix.empty() || fits_alphabet(field.alphabet, next.prefix.substr(0, 1));
}

bool meets(const DescriptorField& field, const DescriptorField& other) {
  return field.kind.empty() || other.kind.empty() || field.kind == other.kind;
}

/// The form a row belongs to: rows of one form stand together, its parts and kinds in one order.
DescriptorForm& form_of(std::vector<DescriptorForm>& forms, CsvRowReader& cells) {
  const auto form = cells.required("form");
  const auto version = cells.number("version", 1, kMaxVersion).value_or(0);
  if (version == 0) cells.refuse("version", "is empty");
  if (!fits_alphabet(DescriptorField::Alphabet::kLower, form)) cells.refuse("form", "is not of a-z 0-9");
  const auto at = std::ranges::find_if(forms, [&](const auto& other) { return other.form == form && other.version == version; });
  if (at != forms.end()) return *at;
  return forms.emplace_back(DescriptorForm{.form = form, .version = version, .kinds = {}, .fields = {}});
}

void add_field(DescriptorForm& form, DescriptorField field, CsvRowReader& cells) {
  const DescriptorField* last = nullptr;
  for (const auto& before : form.fields) {
    if (!meets(before, field)) continue;
    if (before.name == field.name && before.part == field.part) cells.refuse("field", field.name + " stands there twice");
    last = &before;
  }
  if (last != nullptr && runs_into(*last, field)) cells.refuse("prefix", "nothing tells where " + last->name + " ends");
  const auto same_part = [&](const auto& other) { return other.part == field.part; };
  const bool apart = !form.fields.empty() && form.fields.back().part != field.part && std::ranges::any_of(form.fields, same_part);
  if (apart) cells.refuse("part", "fields of a part stand together");
  if (!field.kind.empty() && !is_one_of(form.kinds, field.kind)) {
    const bool by_class = is_one_of(kDescriptorClasses, field.kind);
    if (!form.kinds.empty() && by_class != form.by_class) cells.refuse("kind", "a form's kinds are classes, or resources, not both");
    form.by_class = by_class;
    form.kinds.push_back(field.kind);
  }
  form.fields.push_back(std::move(field));
}

}  // namespace

bool is_descriptor_figure(std::string_view name) {
  return is_one_of(kDescriptorFigures, name);
}

bool fits_alphabet(DescriptorField::Alphabet alphabet, std::string_view text) {
  using enum DescriptorField::Alphabet;
  return std::ranges::all_of(text, [alphabet](char c) {
    const bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
    switch (alphabet) {
      case kDigits: return digit;
      case kLower: return lower || digit;
      case kUpper: return upper || digit;
      case kName: break;
    }
    return lower || upper || digit || c == '_' || c == '-' || c == '+' || c == '=';
  });
}

Result<DescriptorTable> DescriptorTable::load(const std::string& directory) {
  const auto table = read_catalog_file(directory, kFile);
  if (!table) return table.error();
  return read(*table);
}

Result<DescriptorTable> DescriptorTable::read(const CsvTable& table) {
  if (auto wrong = check_columns(table, kColumns)) return *wrong;
  DescriptorTable all;
  for (const auto& row : table.rows) {
    CsvRowReader cells(table, row);
    auto& form = form_of(all.forms_, cells);
    auto field = read_field(cells);
    if (!field) return field.error();
    add_field(form, std::move(*field), cells);
    if (cells.error()) return *cells.error();
  }
  for (const auto& form : all.forms_) {
    if (!form.kinds.empty()) continue;
    return Error{ErrorCode::kMalformed, table.file + ":1: kind: form " + form.form + " has none"};
  }
  std::ranges::sort(all.forms_, [](const auto& a, const auto& b) { return std::tie(a.form, a.version) < std::tie(b.form, b.version); });
  return all;
}

const DescriptorForm* DescriptorTable::find(std::string_view form) const {
  const DescriptorForm* newest = nullptr;
  for (const auto& one : forms_) {
    if (one.form == form) newest = &one;
  }
  return newest;
}

}  // namespace capmap
