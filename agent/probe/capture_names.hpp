#pragma once
#include <string>
#include <string_view>

namespace capmap {

/// Replaces what tells one machine from its equals by salted hashes of the same form: what was equal stays equal, and nobody without the
/// salt can tell whose it was. Kept: models, sizes, counts, addresses on buses.
///
/// By file name: serial numbers, WWIDs, UUIDs, asset tags, machine-id, MAC and InfiniBand addresses. In every text, also as a part of
/// another name ("luks-UUID", "docker-ID.scope"): the host's name and its first part, MAC addresses, UUIDs, and hexadecimal words of 32
/// characters and more (container and boot ids). Thread: one.
class NameHider {
 public:
  /// `salt`: any text; `hostname`: the machine's name, empty when unknown.
  NameHider(std::string salt, std::string hostname) : salt_(std::move(salt)), hostname_(std::move(hostname)) {}

  /// The content of the file at `path`.
  [[nodiscard]] std::string hide_file(std::string_view path, const std::string& text) const;
  /// An hwloc topology as XML.
  [[nodiscard]] std::string hide_xml(const std::string& xml) const;
  /// Any other text: a path, a link's target.
  [[nodiscard]] std::string hide_text(std::string_view text) const;

 private:
  struct Hidden {
    std::size_t length = 0;
    std::string instead;
  };
  [[nodiscard]] Hidden hide_first(std::string_view text) const;
  [[nodiscard]] Hidden hide_host(std::string_view text, std::size_t at) const;
  [[nodiscard]] std::string hash(std::string_view text, std::size_t digits) const;
  [[nodiscard]] std::string hide_value(std::string_view value) const;

  std::string salt_, hostname_;
};

}  // namespace capmap
