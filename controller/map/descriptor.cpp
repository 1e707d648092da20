#include "controller/map/descriptor.hpp"

namespace capmap {
namespace {

/// A field's text, or why there is none.
struct Written {
  std::optional<std::string> text;
  std::string why;
};

Written fitted(const DescriptorField& field, std::string text) {
  if (text.empty()) return {{}, "is empty"};
  if (!fits_alphabet(field.alphabet, text)) return {{}, "\"" + text + "\" has characters that the form does not take here"};
  if (field.width == 0) return {field.prefix + text, {}};
  if (field.padded && text.size() < field.width) text.insert(0, field.width - text.size(), '0');
  const auto width = std::to_string(field.width);
  if (text.size() != field.width) return {{}, "\"" + text + "\" has not the " + width + " characters that the form takes here"};
  return {field.prefix + text, {}};
}

Written write_figure(const DescriptorField& field, U128 figure) {
  const auto units = figure / field.unit;
  if (units == 0 && figure != 0) return {{}, "is less than one unit (" + decimal(figure) + " of " + std::to_string(field.unit) + ")"};
  return fitted(field, decimal(units));
}

Written write(const DescriptorField& field, const std::string& attribute, const DescriptorValues& values) {
  if (attribute.empty()) return {{}, "nothing tells it in this edition"};
  if (attribute.front() == '=') return fitted(field, attribute.substr(1));
  const auto at = values.find(attribute);
  if (at == values.end()) return {{}, attribute + " is not known here"};
  if (at->second.figure && field.unit != 0) return write_figure(field, *at->second.figure);
  if (at->second.text && field.unit == 0) return fitted(field, *at->second.text);
  return {{}, at->second.why};
}

/// "NVIDIA H100 SXM5 80GB" is NVIDIA_H100_SXM5_80GB.
std::string spelt(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (plain) text += c;
    if (!plain && !text.empty() && text.back() != '_') text += '_';
  }
  while (text.ends_with('_')) text.pop_back();
  return text.empty() ? "_" : text;
}

}  // namespace

Descriptor encode_descriptor(const DescriptorForm& form, std::string_view kind, DescriptorEdition edition, const DescriptorValues& values) {
  Descriptor out;
  std::string text, part;
  bool begun = false;
  for (const auto& field : form.fields) {
    if (!field.kind.empty() && field.kind != kind) continue;
    const auto& attribute = edition == DescriptorEdition::kTotal ? field.total : field.available;
    const auto written = write(field, attribute, values);
    if (begun && field.part != part) text += '.';
    begun = true;
    part = field.part;
    if (!written.text) {
      (field.required ? out.reasons : out.left_out).push_back(field.name + ": " + written.why);
      continue;
    }
    text += *written.text;
    const auto at = values.find(attribute);
    if (at != values.end() && !at->second.incomplete.empty()) out.incomplete.push_back(field.name + ": " + at->second.incomplete);
  }
  if (out.reasons.empty() && begun) out.text = std::move(text);
  return out;
}

std::string descriptor_models(const std::map<std::string, std::uint64_t>& counts) {
  std::map<std::string, std::uint64_t> by_spelling;
  for (const auto& [name, count] : counts) by_spelling[spelt(name)] += count;
  std::string text;
  for (const auto& [name, count] : by_spelling) {
    if (count != 0) text += (text.empty() ? "" : "+") + name + "=" + std::to_string(count);
  }
  return text;
}

}  // namespace capmap
