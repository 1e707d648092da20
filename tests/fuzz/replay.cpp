// Runs a fuzz target over the files of a folder (or the files named), for compilers without libFuzzer and for coverage.
//   replay [--change N SEED] PATH...   also N random changes of each, the same ones for the same SEED; "changed" keeps the newest of them
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> inputs_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void run_one(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

/// A few places of `text` changed: a byte, a number that is absurd, a piece taken out, or a piece of another text.
std::string changed(std::string text, const std::string& other, std::mt19937& random) {
  constexpr std::array<const char*, 8> kAbsurd = {"-1", "0", "18446744073709551615", "4294967296", "nan", "\xff\xfe", "\n", "\""};
  const auto below = [&random](std::size_t bound) { return bound == 0 ? 0 : random() % bound; };
  for (auto count = 1 + below(4); count > 0; --count) {
    const auto at = below(text.size() + 1), length = below(std::min<std::size_t>(text.size() - at, 24) + 1);
    switch (below(4)) {
      case 0: text.replace(at, std::min<std::size_t>(length, 1), 1, static_cast<char>(random())); break;
      case 1: text.replace(at, length, kAbsurd[below(kAbsurd.size())]); break;
      case 2: text.erase(at, length); break;
      default: text.replace(at, length, other.substr(below(other.size() + 1), 1 + below(64))); break;
    }
  }
  return text;
}

void run_changes(const std::vector<std::string>& texts, std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  for (const auto& text : texts) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto input = changed(text, texts[random() % texts.size()], random);
      std::ofstream("changed", std::ios::binary) << input;  // what is there after a crash is the input that crashed
      run_one(input);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  int first = 1;
  std::size_t changes = 0;
  std::uint32_t seed = 0;
  if (argc > 3 && argv[1] == std::string_view("--change")) {
    changes = std::stoul(argv[2]);
    seed = static_cast<std::uint32_t>(std::stoul(argv[3]));
    first = 4;
  }
  std::vector<std::string> texts;
  for (int i = first; i < argc; ++i) {
    for (const auto& path : inputs_of(argv[i])) {
      std::fprintf(stderr, "%s\n", path.c_str());  // the last line names the input that crashed
      texts.push_back(text_of(path));
      run_one(texts.back());
    }
  }
  if (changes > 0) run_changes(texts, changes, seed);
  std::printf("%zu inputs replayed, %zu changes of them\n", texts.size(), changes * texts.size());
  return texts.empty() ? 1 : 0;
}
