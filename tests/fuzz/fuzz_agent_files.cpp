// Small files of the agent's state folder, lines of its own child, and join tokens: the first byte chooses the reader, the rest is the
// text. What is read must survive being written and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/known_devices.hpp"
#include "agent/measured.hpp"
#include "agent/privileged_facts.hpp"
#include "agent/release_request.hpp"
#include "agent/settings.hpp"
#include "common/host_root.hpp"
#include "common/join_token.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

template <class T>
bool read_well(const Result<T>& result) {
  if (!result) check(result.error().code == ErrorCode::kMalformed && !result.error().what.empty(), "refused without a reason");
  return result.ok();
}

void read_known(std::string_view text) {
  const fuzz::InputFolder state;
  const auto path = state.put("accelerators.known", text);
  const auto first = read_known_devices(path);
  if (!read_well(first)) return;
  check(first->size() <= 1'024, "more devices than are read");
  check(write_known_devices(path, *first).ok(), "what was read cannot be written");
  const auto second = read_known_devices(path);
  check(second && *second == *first, "read(write(x)) is not x");
}

void read_figures(std::string_view text) {
  const auto first = parse_measured(text);
  const fuzz::InputFolder state;
  state.put("measured", text);
  const auto kept = read_measured(state.path());
  check(!kept || (first && *kept == *first), "a file is read otherwise than its text");
  if (!read_well(first)) return;
  check(first->at_unix_s != 0, "measured at no time");
  const auto second = parse_measured(measured_lines(*first));
  check(second && *second == *first, "read(write(x)) is not x");
}

void read_settings(std::string_view text) {
  const auto first = parse_setting_lines(text);
  if (!read_well(first)) return;
  const auto lines = write_setting_lines(*first);
  const auto second = parse_setting_lines(lines);
  check(second && write_setting_lines(*second) == lines, "read(write(x)) is not x");
}

/// A leading '@' stands for the id of this boot, which no input can know.
void read_release(std::string_view text) {
  const auto boot = HostRoot("/").read_line("proc/sys/kernel/random/boot_id");
  std::string whole(text);
  if (text.starts_with('@')) whole.replace(0, 1, boot ? *boot : "unknown");
  const fuzz::InputFolder state;
  state.put("accelerators.release", whole);
  state.put("accelerators.released", whole);
  constexpr std::uint64_t kNowMs = 1'000'000;
  const auto request = read_release_request(state.path(), kNowMs);
  check(!request || (request->until_ms > kNowMs && request->until_ms <= kNowMs + kMaxReleaseMs), "a wish beyond its bound");
  check(!request || read_release_answer(state.path()) == request->text, "the answer is not the request");
}

/// The first '@' stands for the id of this boot.
void read_privileged(std::string_view text) {
  std::string whole(text);
  if (const auto at = whole.find('@'); at != std::string::npos) whole.replace(at, 1, current_boot_id());
  const fuzz::InputFolder state;
  const auto kept = read_privileged_facts(state.put("privileged.facts", whole));
  check(!kept || kept->boot_id == current_boot_id(), "facts of another boot are taken");
  const auto first = parse_privileged_facts(text);
  if (!read_well(first)) return;
  check(!first->boot_id.empty() && first->smbios.size() <= kMostPrivilegedTableBytes, "beyond its bounds");
  const auto second = parse_privileged_facts(privileged_text(*first));
  check(second && *second == *first, "read(write(x)) is not x");
}

void read_token(std::string_view text) {
  const auto first = parse_join_token(text);
  if (!read_well(first)) return;
  const auto second = parse_join_token(to_text(*first));
  check(second && *second == *first, "read(write(x)) is not x");
  check(port_of(tcp_endpoint(first->host, first->enrol_port)) == first->enrol_port, "an endpoint has another port");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0: read_known(text); break;
    case 1: read_figures(text); break;
    case 2: read_settings(text); break;
    case 3: read_release(text); break;
    case 4: read_token(text); break;
    default: read_privileged(text); break;
  }
  return 0;
}
