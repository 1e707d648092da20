#include "controller/store/declared_words.hpp"

#include <algorithm>
#include <charconv>

namespace capmap {
namespace {

constexpr std::size_t kMostModelBytes = 100;

Error wrong(const std::string& what, const std::string& must) {
  return {ErrorCode::kMalformed, "declared." + what + ": " + must};
}

bool is_model_name(std::string_view name) {
  const bool printable = std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return !name.empty() && name.size() <= kMostModelBytes && printable;
}

}  // namespace

std::string packed(const DeclaredCapacity& declared) {
  std::string text;
  const auto put = [&text](const std::string& name, std::uint64_t value) { text += name + "=" + std::to_string(value) + "\n"; };
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    if (declared.figures[i]) put(kDeclaredNames[i], *declared.figures[i]);
  }
  for (const auto& [model, count] : declared.accelerators_by_model) put(std::string(kDeclaredModels) + "." + model, count);
  return text;
}

DeclaredCapacity unpacked_declared(std::string_view text) {
  DeclaredCapacity declared;
  const std::string models = std::string(kDeclaredModels) + ".";
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.rfind('=');  // a model's name may have one too
    if (equals == std::string_view::npos) continue;
    const auto name = line.substr(0, equals), digits = line.substr(equals + 1);
    std::uint64_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) continue;
    const auto* const known = std::find(kDeclaredNames.begin(), kDeclaredNames.end(), name);
    if (known != kDeclaredNames.end()) declared.figures[static_cast<std::size_t>(known - kDeclaredNames.begin())] = value;
    if (name.starts_with(models)) declared.accelerators_by_model[std::string(name.substr(models.size()))] = value;
  }
  return declared;
}

Result<Done> validate_declared(const DeclaredCapacity& declared) {
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    if (declared.figures[i].value_or(0) > most_declared(i)) {
      return wrong(kDeclaredNames[i], "must be at most " + std::to_string(most_declared(i)));
    }
  }
  const auto& models = declared.accelerators_by_model;
  if (models.size() > kMostDeclaredModels) return wrong(kDeclaredModels, "at most " + std::to_string(kMostDeclaredModels) + " models");
  std::uint64_t devices = 0;
  for (const auto& [model, count] : models) {
    if (!is_model_name(model)) return wrong(kDeclaredModels, "a model's name must be 1 to 100 bytes without control characters");
    if (count > kMostDeclaredThings) {
      return wrong(std::string(kDeclaredModels) + "." + model, "must be at most " + std::to_string(kMostDeclaredThings));
    }
    devices += count;
  }
  const auto& all = declared.of(Declared::kAccelerators);
  if (all && devices > *all) {
    return wrong(kDeclaredModels, std::to_string(devices) + " devices together, more than accelerators says (" + std::to_string(*all) +
                                      "): correct one of them");
  }
  const auto &packages = declared.of(Declared::kPackages), &cores = declared.of(Declared::kCores);
  if (packages && cores && *cores < *packages) {
    return wrong("cores", std::to_string(*cores) + " are fewer than packages (" + std::to_string(*packages) + "): correct one of them");
  }
  return Done{};
}

}  // namespace capmap
