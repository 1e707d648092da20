#pragma once
#include <string>
#include <string_view>

namespace capmap {

/// Replaces what tells one machine from its equals by salted hashes of the same form: what was equal stays equal, and nobody without the
/// salt can tell whose it was. Kept: models, sizes, counts, addresses on buses.
///
/// By file name: serial numbers, WWIDs, UUIDs, asset tags, machine-id, MAC and InfiniBand addresses. In every text: the host's name, MAC
/// addresses, UUIDs, and hexadecimal words of 32 characters and more (container and boot ids). Thread: one.
class NameHider {
 public:
  /// `salt`: any text; `hostname`: the machine's name, empty when unknown.
  NameHider(std::string salt, std::string hostname) : salt_(std::move(salt)), hostname_(std::move(hostname)) {}

  /// The content of the file at `path`.
  [[nodiscard]] std::string hide_file(std::string_view path, const std::string& text) const;
  /// An hwloc topology as XML.
  [[nodiscard]] std::string hide_xml(const std::string& xml) const;
  /// Of a file system: a mount point but "/", and a source that says more than a disk's name.
  void hide_places(bool remote, std::string& source, std::string& mount) const;
  /// Any other text: a path, a link's target.
  [[nodiscard]] std::string hide_text(std::string_view text) const;

 private:
  [[nodiscard]] std::string hash(std::string_view text, std::size_t digits) const;
  [[nodiscard]] std::string hide_value(std::string_view value) const;
  [[nodiscard]] std::string hide_word(std::string_view word) const;

  std::string salt_, hostname_;
};

}  // namespace capmap
