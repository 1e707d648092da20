// Command lines of hypervisors into their parser, and what capmap-probe prints of them into the agent's: the first byte chooses.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/guest_lines.hpp"
#include "agent/probe/guest_names.hpp"
#include "common/check.hpp"
#include "common/fingerprint.hpp"

using namespace capmap;

namespace {

void read_command_line(std::string_view text) {
  GuestNames names;
  add_guest_names(text, names);
  check(names.addresses.size() <= kMaxGuestNames && names.uuids.size() <= kMaxGuestNames, "more names than are kept");
  for (const auto& address : names.addresses) {
    check(address.size() == 17, "an address of another length");
    mac_fingerprint("salt", address);
  }
  for (const auto& uuid : names.uuids) {
    check(uuid.size() == 36 || uuid.size() == 32, "a UUID of another length");
    uuid_fingerprint("salt", uuid);
  }
}

void read_lines(std::string_view text) {
  const auto lines = read_guest_lines(text);
  if (!lines) {
    check(lines.error().code == ErrorCode::kMalformed && !lines.error().what.empty(), "refused without a reason");
    return;
  }
  const auto again = read_guest_lines(write_guest_lines(*lines));
  check(again.ok(), "what was written is not read");
  check(again->addresses.size() == lines->addresses.size() && again->uuids.size() == lines->uuids.size(), "names were lost");
}

void read_names(std::string_view text) {
  const auto mac = mac_fingerprint("salt", text), uuid = uuid_fingerprint("salt", text);
  check(!mac || !uuid, "an address that is a UUID");
  check(mac_fingerprint("salt", text) == mac && uuid_fingerprint("salt", text) == uuid, "two numbers of one thing");
  check(serial_fingerprint("salt", text) == serial_fingerprint("salt", text), "two numbers of one serial");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: read_command_line(text); break;
    case 1: read_lines(text); break;
    default: read_names(text); break;
  }
  return 0;
}
