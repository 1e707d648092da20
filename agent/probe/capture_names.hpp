#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace capmap {

/// Replaces what tells one machine from its equals by salted hashes of the same form: what was equal stays equal, and nobody without the
/// salt can tell whose it was. Kept: models, sizes, counts, addresses on buses.
///
/// By file name: serial numbers, WWIDs, UUIDs, asset tags, machine-id, host names, addresses of ports. In every text, wherever it stands:
/// the host's name in full, its short form and its domain with whatever is called below it; IPv4, IPv6, MAC and InfiniBand addresses,
/// GUIDs, UUIDs, NQNs and IQNs; WWNs and other hexadecimal words of 12 digits and more (container and boot ids). In paths the short
/// name stays, since a host may be called node1 as its memory is. Thread: one.
class NameHider {
 public:
  /// `salt`: any text; `hostnames`: the machine's names as its files tell them, none when unknown.
  NameHider(std::string salt, const std::vector<std::string>& hostnames);

  /// The content of the file at `path`.
  [[nodiscard]] std::string hide_file(std::string_view path, const std::string& text) const;
  /// An hwloc topology as XML.
  [[nodiscard]] std::string hide_xml(const std::string& xml) const;
  /// A path, or a link's target.
  [[nodiscard]] std::string hide_path(std::string_view path) const;
  /// Of a file system: a mount point but "/", and a source that says more than a disk's name.
  void hide_places(bool remote, std::string& source, std::string& mount) const;
  /// Any other text.
  [[nodiscard]] std::string hide_text(std::string_view text) const;

 private:
  [[nodiscard]] std::string hash(std::string_view text, std::size_t digits) const;
  [[nodiscard]] std::string hide_value(std::string_view value) const;
  [[nodiscard]] std::string hide_hostname(std::string_view name) const;
  [[nodiscard]] std::string hide_in(std::string_view text, bool short_names, bool ipv4) const;
  [[nodiscard]] std::size_t find_name(std::string_view text, bool short_names) const;

  std::string salt_;
  std::vector<std::string> names_, domains_;  ///< short names; domains with two labels and more, or none
};

}  // namespace capmap
