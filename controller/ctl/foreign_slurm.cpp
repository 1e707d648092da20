// Nodes as Slurm tells them: `scontrol show nodes`, `slurmd -C`, and lines of slurm.conf.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "controller/ctl/foreign.hpp"
#include "controller/ctl/host_list.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxRecordBytes = 1 << 20, kMaxWords = 200;
constexpr std::uint64_t kMib = 1ULL << 20;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// One record: "NodeName=a CPUs=4 …", with what its words say, names in lower case.
struct Record {
  std::size_t line = 0;
  std::map<std::string, std::string> words;
  [[nodiscard]] const std::string* find(const char* name) const {
    const auto at = words.find(name);
    return at == words.end() ? nullptr : &at->second;
  }
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// Beyond what a machine may have it is just that: add_nodes refuses it.
std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t value = 0;
  return __builtin_mul_overflow(a, b, &value) ? UINT64_MAX : value;
}

/// Records begin with NodeName= or PartitionName= at the start of a line; lines that begin with a blank go on. What has no = is the rest
/// of a text that nobody quoted, and is passed over.
class Records {
 public:
  explicit Records(ForeignRecords& out) : out_(out) {}

  std::vector<Record> read(std::string_view text) {
    std::size_t line = 0;
    std::string joined;  ///< lines that a backslash joins
    std::size_t joined_at = 0;
    while (!text.empty()) {
      auto one = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), one.size() + 1));
      ++line;
      if (one.ends_with('\r')) one.remove_suffix(1);
      const auto comment = one.find('#');
      const bool whole_comment = comment != std::string_view::npos && one.find_first_not_of(" \t") == comment;
      if (whole_comment) continue;
      if (joined.empty()) joined_at = line;
      if (joined.size() + one.size() > kMaxRecordBytes) {
        out_.fault(line, "a record has over 1 MiB");
        return std::move(records_);
      }
      if (one.ends_with('\\')) {
        joined += one.substr(0, one.size() - 1);
        continue;
      }
      joined += one;
      take(joined, joined_at);
      joined.clear();
    }
    if (!joined.empty()) take(joined, joined_at);
    return std::move(records_);
  }

 private:
  void take(std::string_view one, std::size_t line) {
    const bool goes_on = one.starts_with(' ') || one.starts_with('\t');
    const auto begin = lower(one.substr(0, sizeof("PartitionName=") - 1));
    const bool starts = begin.starts_with("nodename=") || begin.starts_with("partitionname=");
    if (one.find_first_not_of(" \t") == std::string_view::npos) return;
    if (starts) records_.push_back({.line = line, .words = {}});
    if (!starts && !goes_on) open_ = false;
    if (starts) open_ = true;
    if (!open_ || records_.empty()) return;
    auto& words = records_.back().words;
    while (!one.empty()) {
      const auto from = one.find_first_not_of(" \t");
      if (from == std::string_view::npos) return;
      one.remove_prefix(from);
      const auto word = one.substr(0, one.find_first_of(" \t"));
      one.remove_prefix(word.size());
      if (word.starts_with('#')) return;
      const auto equals = word.find('=');
      if (equals == std::string_view::npos || words.size() == kMaxWords) continue;
      words.try_emplace(lower(word.substr(0, equals)), word.substr(equals + 1));
    }
  }

  ForeignRecords& out_;
  std::vector<Record> records_;
  bool open_ = false;
};

/// "gpu:h100:8(S:0-1),nvme:2": what of it is gpu. Absent: a count that is none.
std::optional<std::map<std::string, std::uint64_t>> cards_of(std::string_view gres) {
  std::map<std::string, std::uint64_t> cards;
  std::size_t at = 0;
  while (at < gres.size()) {
    std::size_t end = at, depth = 0;
    for (; end < gres.size() && (depth > 0 || gres[end] != ','); ++end) {
      if (gres[end] == '(') ++depth;
      if (gres[end] == ')' && depth > 0) --depth;
    }
    auto one = gres.substr(at, end - at);
    at = end + 1;
    one = one.substr(0, one.find('('));
    if (one != "gpu" && !one.starts_with("gpu:")) continue;
    one.remove_prefix(std::min<std::size_t>(one.size(), 4));
    const auto colon = one.rfind(':');
    const auto last = colon == std::string_view::npos ? one : one.substr(colon + 1);
    const auto count = number_of(last);
    if ((colon != std::string_view::npos && !count) || count.value_or(0) > kMaxForeignCount) return std::nullopt;
    const auto model = colon != std::string_view::npos ? one.substr(0, colon) : count ? std::string_view() : one;
    cards[std::string(model)] += count.value_or(1);
  }
  return cards;
}

constexpr const char* kUncertain[] = {"future", "cloud"};

class SlurmReader {
 public:
  SlurmReader(ForeignRecords& out, const ForeignOptions& options) : out_(out), options_(options) {}

  void read(std::string_view text) {
    const auto records = Records(out_).read(text);
    for (const auto& record : records) {
      if (record.words.contains("nodename")) take_node(record);
    }
    for (const auto& record : records) {
      if (record.words.contains("partitionname") && !record.words.contains("nodename")) take_partition(record);
    }
  }

 private:
  std::optional<std::uint64_t> number(const Record& record, const char* name) {
    const auto* text = record.find(name);
    if (text == nullptr) text = defaults_.find(name);
    if (text == nullptr) return std::nullopt;
    const auto value = number_of(*text);
    if (!value) out_.fault(record.line, std::string(name) + ": \"" + text->substr(0, 40) + "\" is no whole number");
    return value;
  }

  void take_node(const Record& record) {
    const auto& name = record.words.at("nodename");
    if (lower(name) == "default") {
      for (const auto& [key, value] : record.words) defaults_.words[key] = value;
      return;
    }
    const auto hosts = expand_hosts(name, kMaxForeignNodes);
    if (!hosts) return out_.fault(record.line, "NodeName: " + hosts.error().what);
    for (const auto& host : *hosts) {
      if (names_.size() >= kMaxForeignNodes) return out_.fault(record.line, "more than 100000 machines: import it in parts");
      const auto [at, fresh] = names_.emplace(host, record.line);
      if (!fresh) return out_.fault(record.line, "node " + host + " stands there twice, first in line " + std::to_string(at->second));
    }
    const auto* const state = record.find("state");
    const auto holds = [state](const char* word) { return lower(*state).find(word) != std::string::npos; };
    if (state != nullptr && std::ranges::any_of(kUncertain, holds)) {
      out_.left_out["of state FUTURE or CLOUD: they may not be there"] += hosts->size();
      return;
    }
    ForeignNodes nodes{.line = record.line, .site = options_.site, .pool = {}, .count = hosts->size(), .by_model = {}};
    nodes.packages = number(record, "sockets");
    if (const auto on_board = number(record, "socketsperboard"); !nodes.packages && on_board) {
      nodes.packages = product(*on_board, number(record, "boards").value_or(1));
    }
    if (const auto each = number(record, "corespersocket"); each && nodes.packages) nodes.cores = product(*each, *nodes.packages);
    if (const auto mib = number(record, "realmemory"); mib && *mib < UINT64_MAX / kMib) nodes.memory_bytes = *mib * kMib;
    take_cards(record, nodes);
    if (const auto* partitions = record.find("partitions")) nodes.pool = first_of(record, *partitions);
    add_nodes(out_, std::move(nodes));
  }

  void take_cards(const Record& record, ForeignNodes& nodes) {
    const auto* gres = record.find("gres");
    if (gres == nullptr) gres = defaults_.find("gres");
    if (gres == nullptr) return;
    const auto cards = cards_of(*gres == "(null)" ? std::string_view() : std::string_view(*gres));
    if (!cards) return out_.fault(record.line, "Gres: \"" + gres->substr(0, 80) + "\" has a count that is none");
    nodes.accelerators = 0;
    for (const auto& [model, count] : *cards) {
      *nodes.accelerators += count;
      if (!model.empty()) nodes.by_model[model] += count;
    }
  }

  /// The pool that a machine goes by; all partitions are pools.
  std::string first_of(const Record& record, std::string_view partitions) {
    std::string first;
    while (!partitions.empty()) {
      const auto one = partitions.substr(0, partitions.find(','));
      partitions.remove_prefix(std::min(partitions.size(), one.size() + 1));
      if (first.empty()) first = one;
      if (one != first) add_pool(record.line, std::string(one));
    }
    return first;
  }

  void take_partition(const Record& record) {
    const auto& name = record.words.at("partitionname");
    if (lower(name) != "default") add_pool(record.line, name);
  }

  void add_pool(std::size_t line, std::string name) {
    if (pools_.size() < kMaxForeignNodes && pools_.insert(name).second) {
      ForeignNodes none{.line = line, .site = options_.site, .pool = std::move(name), .count = 0, .by_model = {}};
      none.packages = none.cores = none.memory_bytes = none.accelerators = 0;
      out_.nodes.push_back(std::move(none));
    }
  }

  ForeignRecords& out_;
  const ForeignOptions& options_;
  Record defaults_;
  std::map<std::string, std::size_t> names_;
  std::set<std::string> pools_;
};

}  // namespace

ForeignRecords read_slurm(std::string_view text, const ForeignOptions& options) {
  ForeignRecords records;
  if (options.site.empty()) {
    records.fault(1, "Slurm knows no sites: say --site NAME, where these nodes stand");
    return records;
  }
  SlurmReader(records, options).read(text);
  return records;
}

}  // namespace capmap
