// A capture's notes into a machine, and texts with a secret in them through what hides names: the first byte chooses. A secret comes out
// nowhere, and texts of equal secrets stay equal.
#include <sodium.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/probe/capture_names.hpp"
#include "agent/probe/capture_notes.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

void read_notes(std::string_view text) {
  Machine machine;
  machine.shape.cpu.core_kinds.resize(1);
  machine.nics = {{.name = "eth0", .shape = {}, .link = {}, .driver = {}}, {.name = "ib0", .shape = {}, .link = {}, .driver = {}}};
  apply_notes(text, machine);
  const auto& clock = machine.shape.cpu.core_kinds[0].base_mhz;
  check(!clock || *clock <= 20'000, "a clock that no processor has");
  check(machine.platform.virtualization.size() <= 32, "a word beyond its bound");
  const auto notes = write_notes(machine);
  Machine again = machine;
  apply_notes(notes, again);
  check(write_notes(again) == notes, "apply(write(x)) is not x");
}

/// Hexadecimal digits of the input's first bytes in the places of a form; never zeros or all ones, which say nothing.
std::string in_form(std::string_view form, std::string_view& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string word = "1";
  for (const char c : form.substr(1)) {
    const auto byte = bytes.empty() ? 7U : static_cast<unsigned char>(bytes.front());
    if (c == 'x' && !bytes.empty()) bytes.remove_prefix(1);
    word += c == 'x' ? kDigits[byte % 16] : c;
  }
  return word;
}

/// What stands around a secret: a letter or digit there would make it another word.
std::string beside(char c) {
  const bool joins = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return joins ? std::string() : std::string(1, c);
}

void hide_secret(std::uint8_t kind, std::string_view bytes) {
  constexpr std::string_view kForms[] = {"xx:xx:xx:xx:xx:xx", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
  constexpr std::size_t kHost = 3;
  std::string secret = kind % 4 == kHost ? "node17.example.org" : in_form(kForms[kind % 4], bytes);
  if (bytes.size() < 2) return;
  const std::string before = beside(bytes[0]), behind = beside(bytes[1]);
  bytes.remove_prefix(2);
  const auto half = bytes.size() / 2;
  const std::string text = std::string(bytes.substr(0, half)) + " " + before + secret + behind + " " + std::string(bytes.substr(half));
  const NameHider hider("salt", {"node17.example.org"});
  // A name is only another machine's where more than the name stands there: "node17.example.org.uk".
  if (kind % 4 == kHost && (before == "." || behind == "." || before == "-" || behind == "-" || before == "_" || behind == "_")) return;
  for (const auto& hidden : {hider.hide_text(text), hider.hide_file("proc/cmdline", text), hider.hide_xml(text)}) {
    check(hidden.find(" " + before + secret + behind + " ") == std::string::npos, "a secret is still there");
  }
  check(hider.hide_text(text) == hider.hide_text(text), "equal texts became different ones");
  for (const char* file :
       {"sys/block/sda/device/wwid", "sys/class/net/eth0/address", "etc/machine-id", "sys/class/dmi/id/product_serial"}) {
    check(hider.hide_file(file, secret + "\n").find(secret) == std::string::npos, "a secret file is still there");
  }
  std::string source = "server:/" + secret, mount = "/mnt/" + secret;
  hider.hide_places(true, source, mount);
  check(source.find(secret) == std::string::npos && mount.find(secret) == std::string::npos, "a secret names a file system");
  check(hider.hide_xml("<info name=\"SerialNumber\" value=\"" + secret + "\"/>\n").find(secret) == std::string::npos, "a secret in XML");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int started = sodium_init();
  check(started >= 0, "libsodium cannot start");
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  if (data[0] % 5 == 4) {
    read_notes(text);
  } else {
    hide_secret(data[0] % 5, text);
  }
  return 0;
}
