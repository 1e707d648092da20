#include "controller/store/server_keys.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>

#include "controller/store/files.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxRecordBytes = 1'024;
constexpr std::string_view kVersion = "1";

struct Paths {
  explicit Paths(const std::string& folder)
      : key(folder + "/server.key"),
        next(key + ".next"),
        old(key + ".old"),
        swap(key + ".swap"),
        enrol(folder + "/enrol.key"),
        record(folder + "/server.rotation") {}
  std::string key, next, old, swap, enrol, record;
};

/// Whose turn each key is, by their public halves.
struct Record {
  KeyPhase phase = KeyPhase::kOne;
  std::uint64_t phase_since_unix_ms = 0, current_since_unix_ms = 0;
  std::string current, second;
};

std::string text_of(const Record& record) {
  return std::string(kVersion) + " " + to_word(record.phase) + " " + std::to_string(record.phase_since_unix_ms) + " " +
         std::to_string(record.current_since_unix_ms) + " " + record.current + " " + (record.second.empty() ? "-" : record.second) + "\n";
}

Result<Record> read_record(const Paths& paths) {
  const auto text = read_whole_file(paths.record, kMaxRecordBytes);
  if (!text) return text.error();
  std::istringstream words(*text);
  std::string version, phase, more;
  Record record;
  const bool read = static_cast<bool>(words >> version >> phase >> record.phase_since_unix_ms >> record.current_since_unix_ms >>
                                      record.current >> record.second);
  const auto* const word = std::ranges::find(kKeyPhaseWords, phase, [](const char* each) { return std::string_view(each); });
  if (record.second == "-") record.second.clear();
  const bool good = read && !(words >> more) && version == kVersion && word != std::end(kKeyPhaseWords) && is_z85_key(record.current) &&
                    (record.second.empty() || is_z85_key(record.second));
  if (good) record.phase = static_cast<KeyPhase>(word - std::begin(kKeyPhaseWords));
  if (!good || record.second.empty() != (record.phase == KeyPhase::kOne)) {
    return Error{ErrorCode::kMalformed, paths.record + ": is damaged: bring it back with the keys beside it from their copy"};
  }
  return record;
}

Result<Done> rename_file(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return file_error(from, "rename", errno);
  return Done{};
}
Result<Done> remove_file(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return file_error(path, "remove", errno);
  return Done{};
}

/// What lies under which name.
using Held = std::map<std::string, CurveKeys>;
Result<Held> look(const Paths& paths) {
  Held held;
  for (const auto& path : {paths.key, paths.next, paths.old, paths.swap}) {
    auto keys = load_curve_keys(path);
    if (!keys && (keys.error().code != ErrorCode::kAbsent || path == paths.key)) return keys.error();
    if (keys) held.emplace(path, std::move(*keys));
  }
  return held;
}

Result<std::string> place_of(const Held& held, const Paths& paths, const std::string& public_key) {
  const auto found = std::ranges::find_if(held, [&](const auto& each) { return each.second.public_key == public_key; });
  if (found != held.end()) return found->first;
  return Error{ErrorCode::kMalformed, paths.record + ": names the key " + public_key + ", which no file beside it holds: bring back " +
                                          paths.key + " and the files beside it from their copy"};
}

/// File names follow the record. Each key has a name at every moment.
Result<Done> name_files(const Paths& paths, const Held& held, const Record& record) {
  const auto current = place_of(held, paths, record.current);
  if (!current) return current.error();
  const bool is_next = record.phase == KeyPhase::kLearning || record.phase == KeyPhase::kLeaving;
  Result<Done> done = Done{};
  std::string second;
  if (!record.second.empty()) {
    auto place = place_of(held, paths, record.second);
    if (!place) return place.error();
    second = *place;
  }
  if (*current != paths.key) {
    done = remove_file(paths.swap);
    if (done && link(paths.key.c_str(), paths.swap.c_str()) != 0) done = file_error(paths.swap, "make", errno);
    if (done) done = rename_file(*current, paths.key);
    if (second == paths.key) second = paths.swap;
  }
  const auto& wanted = is_next ? paths.next : paths.old;
  if (done && !second.empty() && second != wanted) done = rename_file(second, wanted);
  for (const auto& path : {paths.next, paths.old, paths.swap}) {
    if (done && (record.second.empty() || path != wanted)) done = remove_file(path);
  }
  if (done) done = sync_folder_of(paths.key);
  return done;
}

Result<Done> put_record(const Paths& paths, const ServerKeys& keys) {
  const Record record{.phase = keys.phase,
                      .phase_since_unix_ms = keys.phase_since_unix_ms,
                      .current_since_unix_ms = keys.current_since_unix_ms,
                      .current = keys.current.public_key,
                      .second = keys.second ? keys.second->public_key : std::string()};
  if (auto written = write_file_atomically(paths.record, text_of(record), 0600); !written) return written;
  const auto held = look(paths);
  return held ? name_files(paths, *held, record) : held.error();
}

/// The enrolment port keeps the key that tokens and joined agents know, whatever becomes of the others.
Result<Done> keep_enrolment_key(const Paths& paths, const ServerKeys& keys) {
  auto saved = save_curve_keys(paths.enrol, keys.enrolment);
  if (!saved && access(paths.enrol.c_str(), F_OK) == 0) return Done{};
  return saved;
}

}  // namespace

const CurveKeys* key_of_other_port(const ServerKeys& keys) {
  if (keys.phase == KeyPhase::kReturning) return &keys.current;
  return keys.phase != KeyPhase::kOne && keys.second ? &*keys.second : nullptr;
}

Result<ServerKeys> open_server_keys(const std::string& state_folder) {
  const Paths paths(state_folder);
  const auto held = look(paths);
  if (!held) return held.error();
  ServerKeys keys{.current = held->at(paths.key)};
  const auto record = read_record(paths);
  if (!record && record.error().code != ErrorCode::kAbsent) return record.error();
  if (record) {
    if (auto named = name_files(paths, *held, *record); !named) return named.error();
    keys.phase = record->phase;
    keys.phase_since_unix_ms = record->phase_since_unix_ms;
    keys.current_since_unix_ms = record->current_since_unix_ms;
    keys.current = held->at(*place_of(*held, paths, record->current));
    if (!record->second.empty()) keys.second = held->at(*place_of(*held, paths, record->second));
  } else {
    struct stat about {};
    if (stat(paths.key.c_str(), &about) == 0 && about.st_mtim.tv_sec > 0) {
      keys.phase_since_unix_ms = keys.current_since_unix_ms = static_cast<std::uint64_t>(about.st_mtim.tv_sec) * 1'000;
    }
  }
  auto enrolment = load_curve_keys(paths.enrol);
  if (!enrolment && (enrolment.error().code != ErrorCode::kAbsent || record)) {
    return Error{enrolment.error().code, enrolment.error().what + (record ? ": agents join by this key: bring it back from its copy" : "")};
  }
  keys.enrolment = enrolment ? std::move(*enrolment) : keys.current;
  return keys;
}

Result<ServerKeys> begin_next_phase(const std::string& state_folder, const ServerKeys& keys, std::uint64_t now_unix_ms) {
  const Paths paths(state_folder);
  // A try before this one may have come as far as the record: the phase is begun then, and file names are all that is left to mend.
  if (const auto record = read_record(paths); record && record->phase != keys.phase) return open_server_keys(state_folder);
  ServerKeys next = keys;
  next.phase_since_unix_ms = now_unix_ms;
  switch (keys.phase) {
    case KeyPhase::kOne: {
      auto done = keep_enrolment_key(paths, keys);
      if (done) done = remove_file(paths.next);  // of a beginning that was cut off
      next.second = make_curve_keys();
      if (done) done = save_curve_keys(paths.next, *next.second);
      if (!done) return done.error();
      next.phase = KeyPhase::kLearning;
      break;
    }
    case KeyPhase::kLearning: next.phase = KeyPhase::kLeaving; break;
    case KeyPhase::kLeaving:
      next.phase = KeyPhase::kReturning;
      std::swap(next.current, *next.second);
      next.current_since_unix_ms = now_unix_ms;
      break;
    case KeyPhase::kReturning: next.phase = KeyPhase::kBoth; break;
    case KeyPhase::kBoth:
      next.phase = KeyPhase::kOne;
      next.second.reset();
      break;
  }
  if (auto put = put_record(paths, next); !put) return put.error();
  return next;
}

}  // namespace capmap
