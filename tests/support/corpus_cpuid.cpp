// What libcpuid's own tests, and hwloc's, expect of processors whose raw CPUID they hold.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "agent/probe/cpuid_text.hpp"
#include "agent/probe/words.hpp"
#include "common/chip_table.hpp"
#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// A dump by libcpuid: the registers of the first PU, and the first block of what is expected of it.
struct Dump {
  CpuidLeaves leaves;
  std::vector<std::string> expected;  ///< line by line: architecture, level, purpose, family, model, stepping, full family and model, ...
};

/// "CPUID 00000007: 0-219C91A9-400004-0 [SL 01]", or of old dumps "basic_cpuid[7]=0 219c91a9 400004 0".
bool add_line(const std::string& line, CpuidLeaves& leaves) {
  unsigned leaf = 0, subleaf = 0;
  CpuidRegisters to;
  if (std::sscanf(line.c_str(), "CPUID %x%*[: \t]%x-%x-%x-%x", &leaf, &to.eax, &to.ebx, &to.ecx, &to.edx) == 5) {
    const auto at = line.find("[SL ");
    if (at != std::string::npos) subleaf = static_cast<unsigned>(std::stoul(line.substr(at + 4), nullptr, 10));
    leaves.answers.insert({{leaf, subleaf}, to});
    return true;
  }
  if (std::sscanf(line.c_str(), "basic_cpuid[%u]=%x %x %x %x", &leaf, &to.eax, &to.ebx, &to.ecx, &to.edx) == 5) {
    leaves.answers.insert({{leaf, 0}, to});
    return true;
  }
  if (std::sscanf(line.c_str(), "ext_cpuid[%u]=%x %x %x %x", &leaf, &to.eax, &to.ebx, &to.ecx, &to.edx) == 5) {
    leaves.answers.insert({{0x8000'0000U + leaf, 0}, to});
    return true;
  }
  return false;
}

Dump read_dump(const std::string& text) {
  Dump dump;
  std::istringstream lines(text);
  bool told = false;
  for (std::string line; std::getline(lines, line);) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    if (line.starts_with("--------------------")) {
      if (!dump.expected.empty()) break;
      told = true;
      continue;
    }
    if (!told) add_line(line, dump.leaves);  // a later PU's lines change nothing: the first stays
    if (told) dump.expected.push_back(line);
  }
  return dump;
}

/// libcpuid's words for those of our list that it knows.
std::string isa_words(const std::set<std::string>& words) {
  static const std::map<std::string, std::string> theirs = {{"sse2", "sse2"},
                                                            {"sse4_2", "sse4_2"},
                                                            {"avx", "avx"},
                                                            {"avx2", "avx2"},
                                                            {"f16c", "f16c"},
                                                            {"fma", "fma3"},
                                                            {"fma4", "fma4"},
                                                            {"avx512f", "avx512f"},
                                                            {"avx512dq", "avx512dq"},
                                                            {"avx512cd", "avx512cd"},
                                                            {"avx512bw", "avx512bw"},
                                                            {"avx512vl", "avx512vl"},
                                                            {"avx512_vnni", "avx512vnni"}};
  std::string line;
  for (const auto& [ours, name] : theirs) {
    if (words.contains(name) || words.contains(ours)) line += (line.empty() ? "" : " ") + ours;
  }
  return line;
}

/// Code names that libcpuid gives products, by the chip table's core. One that is not here is a miss: nobody has judged it yet.
std::string core_of(const std::string& code_name) {
  struct Core {
    const char *core, *names;
  };
  static const std::vector<Core> cores = {
      {"K5", "5k86|SSA/5"},
      {"K6", "Little Foot|Sharptooth"},
      {"K7", "Applebred|Argon|Barton|Pluto/Orion|Thoroughbred"},
      {"K8",
       "Brisbane/512K|ClawHammer/512K|Dual Core|Griffin/512K|Keene/512K|Lancaster/1024K|Manchester/512K|Santa "
       "Rosa|SledgeHammer|Sonora/128K|Sparta/256K|Venice/512K|Windsor/1024K"},
      {"K10", "Agena/512K|Barcelona|Callisto|Champlain|Deneb|Heka|Kuma|Magny-Cours|Propus|Rana|Regor|Sargas|Shanghai|Thuban"},
      {"Bulldozer", "Interlagos|Zambezi"},
      {"Piledriver", "Trinity|Vishera"},
      {"Steamroller", "Godavari|Kaveri"},
      {"Excavator", "Bristol Ridge|Carrizo|Stoney Ridge"},
      {"Bobcat", "Ontario|Zacate"},
      {"Jaguar", "Kabini"},
      {"Puma", "Beema"},
      {"Zen", "Raven Ridge|Summit Ridge|Whitehaven"},
      {"Zen+", "Picasso|Pinnacle Ridge"},
      {"Zen 2", "Castle Peak|Lucienne|Matisse|Mendocino|Van Gogh|Zen 2"},
      {"Zen 3", "Cezanne|Vermeer"},
      {"Zen 3+", "Rembrandt-R"},
      {"Zen 4", "Phoenix|Raphael"},
      {"Zen 5", "Granite Ridge"},
      {"Zen 5 mobile", "Strix Point"},
      {"Dhyana", "Dhyana"},
      {"P6", "Coppermine|Katmai"},
      {"Pentium M", "Dothan"},
      {"Yonah", "Yonah|Yonah-512"},
      {"Merom", "Allendale|Clovertown|Conroe|Conroe XE|Conroe-2M|Merom-2M"},
      {"Penryn", "Dunnington|Penryn-L|Wolfdale-3M|Yorkfield|Yorkfield-6M"},
      {"NetBurst", "Cranford|Irwindale|Nocona|Northwood|Paxville|Prescott|SmithField|Tulsa|Willamette"},
      {"Nehalem", "Bloomfield|Clarksfield|Lynnfield"},
      {"Westmere", "Arrandale|Clarkdale|Westmere-EP"},
      {"Sandy Bridge", "Sandy Bridge|Sandy Bridge-E"},
      {"Ivy Bridge", "Ivy Bridge"},
      {"Haswell", "Haswell|Haswell-ULT"},
      {"Broadwell", "Broadwell-E|Broadwell-H|Broadwell-U|Broadwell-Y"},
      {"Skylake", "Skylake"},
      {"Skylake-SP", "Skylake-X"},
      {"Cascade Lake-SP", "Cascade Lake-X"},
      {"Kaby Lake, Coffee Lake", "Amber Lake-Y|Coffee Lake|Coffee Lake-S|Kaby Lake|Kaby Lake-G|Kaby Lake-U|Kaby Lake-X|Whiskey Lake-U"},
      {"Comet Lake", "Comet Lake-S|Comet Lake-U"},
      {"Rocket Lake", "Rocket Lake-S"},
      {"Tiger Lake", "Tiger Lake-H|Tiger Lake-UP3"},
      {"Lakefield", "Lakefield"},
      {"Alder Lake", "Alder Lake-H|Alder Lake-HX|Alder Lake-P|Alder Lake-S"},
      {"Alder Lake-N", "Alder Lake-N|Twin Lake-N"},
      {"Raptor Lake", "Raptor Lake-P|Raptor Lake-S|Raptor Lake-U"},
      {"Meteor Lake", "Meteor Lake-H"},
      {"Arrow Lake", "Arrow Lake-HX|Arrow Lake-S|Arrow Lake-U"},
      {"Bonnell", "Diamondville|Pineview"},
      {"Saltwell", "Cedarview"},
      {"Silvermont", "Bay Trail-I|Bay Trail-M|Bay Trail-T|Rangeley"},
      {"Airmont", "Braswell|Cherry Trail"},
      {"Goldmont", "Apollo Lake"},
      {"Goldmont Plus", "Gemini Lake"},
      {"Tremont", "Elkhart Lake|Jasper Lake"},
      {"Samuel", "Samuel"},
      {"Samuel 2", "Samuel 2"},
      {"Nehemiah", "Nehemiah"},
      {"Esther", "Esther"},
      {"Isaiah", "Isaiah"},
      {"ZhangJiang", "ZhangJiang"},
      {"LuJiaZui", "LuJiaZui"},
      {"Yongfeng", "Yongfeng"},
  };
  for (const auto& core : cores) {
    if (("|" + std::string(core.names) + "|").find("|" + code_name + "|") != std::string::npos) return core.core;
  }
  return "a code name of no row: " + code_name;
}

std::string within_brackets(const std::string& line) {
  const auto open = line.rfind('('), close = line.rfind(')');
  return open == std::string::npos || close == std::string::npos || close < open ? "" : line.substr(open + 1, close - open - 1);
}

std::string vendor_of(const std::string& folder) {
  static const std::map<std::string, std::string> vendors = {{"amd", "AuthenticAMD"}, {"intel", "GenuineIntel"}, {"hygon", "HygonGenuine"}};
  const auto at = vendors.find(folder);
  return at == vendors.end() ? "" : at->second;  // VIA and Zhaoxin have had several names each
}

void score_dump(const fs::path& file, const fs::path& top, const ChipTable& chips, Score& score) {
  const std::string unit = "libcpuid/" + file.stem().string();
  const Dump dump = read_dump(text_of(file.string()));
  const auto& lines = dump.expected;
  const auto flags = std::find_if(lines.begin(), lines.end(), [](const std::string& line) { return line.starts_with("fpu "); });
  if (lines.size() < 10 || flags == lines.end() || lines[0] != "x86") {
    if (!lines.empty() && lines[0] == "x86") score.fail(unit, "expected text in another form");
    return;
  }
  const CpuidText told = parse_cpuid(dump.leaves);
  const auto or_unknown = [](const std::string& text) { return text.empty() ? std::string("unknown") : text; };
  const std::string vendor = vendor_of(file.lexically_relative(top).begin()->string());
  if (!vendor.empty()) score.add({unit, "cpu_vendor", Source::kUpstream, vendor, or_unknown(told.cpu.vendor)});
  score.add({unit, "cpu_identity", Source::kUpstream, lines[6] + "-" + lines[7] + "-" + lines[5], or_unknown(told.cpu.identity)});
  std::set<std::string> words;
  for (const auto word : split_words(*flags)) words.emplace(word);
  score.add({unit, "isa", Source::kUpstream, isa_words(words), isa_words({told.cpu.isa.begin(), told.cpu.isa.end()})});
  score.add({unit, "guest", Source::kUpstream, words.contains("hypervisor") ? "yes" : "no", told.cpu.guest == true ? "yes" : "no"});
  const auto name =
      std::find_if(lines.begin() + 8, flags, [](const std::string& line) { return line.ends_with(")") && !line.ends_with("ative)"); });
  if (name == flags) return;
  CpuShape shape;
  shape.architecture = told.cpu.architecture;
  shape.vendor = told.cpu.vendor;
  shape.model = told.cpu.model;
  shape.identity = told.cpu.identity;
  shape.isa = told.cpu.isa;
  score.add({unit, "cpu_core", Source::kUpstream, core_of(within_brackets(*name)), chips.microarchitecture(shape).value_or("unknown")});
}

/// hwloc's dumps, one file a PU: "1 2 0 0 0 => eax ebx ecx edx", the mask saying which registers were asked with.
CpuidLeaves read_hwloc(const std::string& text) {
  CpuidLeaves leaves;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    unsigned mask = 0, leaf = 0, b = 0, subleaf = 0, d = 0;
    CpuidRegisters to;
    if (std::sscanf(line.c_str(), "%x %x %x %x %x => %x %x %x %x", &mask, &leaf, &b, &subleaf, &d, &to.eax, &to.ebx, &to.ecx, &to.edx) != 9)
      continue;
    leaves.answers.insert({{leaf, subleaf}, to});
  }
  return leaves;
}

}  // namespace

void score_cpuid(const std::string& corpus, const nlohmann::json& answers, Score& score) {
  auto chips = ChipTable::load(std::string(CAPMAP_SOURCE_DIR) + "/schemas/catalog");
  if (!chips) {
    score.fail("chip table", chips.error().what);
    return;
  }
  const fs::path top = corpus + "/anrieff_libcpuid/tests";
  std::set<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(top)) {
    if (entry.path().extension() == ".test") files.insert(entry.path());
  }
  for (const auto& file : files) score_dump(file, top, *chips, score);
  for (const auto& [name, unit] : answers.items()) {
    if (!name.starts_with("hwloc-x86/") || !unit["answer"].is_object() || !unit["answer"].value("CPUModel", Json()).is_string()) continue;
    const MemoryFolder folder;
    unpack(corpus + "/" + unit["paths"][0].get<std::string>(), folder.path());
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      if (entry.path().filename() != "pu0") continue;
      const CpuidText told = parse_cpuid(read_hwloc(text_of(entry.path().string())));
      score.add({name, "cpu_model", Source::kUpstream, single_spaced(unit["answer"]["CPUModel"].get<std::string>()), told.cpu.model});
    }
  }
}

}  // namespace capmap::support
