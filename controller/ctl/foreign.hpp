#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/ctl/import_file.hpp"

namespace capmap {

/// Another program's inventory as sites, pools and what stands there, for the import that files of our own take. What it expects becomes
/// what a site declares: then the map tells declared and found side by side.
struct ForeignOptions {
  std::string from;                ///< netbox, glpi, slurm, kubernetes
  std::string site;                ///< where everything stands; empty: as the inventory says
  std::vector<std::string> roles;  ///< NetBox's device roles, GLPI's types that are servers, in any case; empty: "server"
};
inline constexpr const char* kForeignNames[] = {"netbox", "glpi", "slurm", "kubernetes"};

/// Machines that are alike, as one entry of an inventory describes them. What it does not tell is absent, never zero.
struct ForeignNodes {
  std::size_t line = 0;
  std::string site, pool;  ///< names; an empty pool is none
  std::uint64_t count = 1;
  std::optional<std::uint64_t> packages{}, cores{}, memory_bytes{}, accelerators{};  ///< of each
  std::map<std::string, std::uint64_t> by_model{};                                   ///< of each, as the inventory calls them
};
/// A place of its own, whatever stands there.
struct ForeignSite {
  std::size_t line = 0;
  std::string name, latitude{}, longitude{};  ///< as text; empty: not told
};

/// All that an inventory says, and what was left out of it.
struct ForeignRecords {
  std::vector<ForeignNodes> nodes;
  std::vector<ForeignSite> sites;
  std::vector<FileFault> faults;
  std::map<std::string, std::uint64_t> left_out;  ///< why ▶ machines
  void fault(std::size_t line, std::string what);
  bool more_faults = false;
};

inline constexpr std::size_t kMaxForeignNodes = 100'000;      ///< machines of one inventory
inline constexpr std::uint64_t kMaxForeignCount = 1'000'000;  ///< packages, cores or cards of one machine: more is a mistake

/// An inventory ready to be imported: its faults are those of the file, its notes say what is not in it and why.
struct ForeignFile {
  ImportFile file;
  std::vector<std::string> notes;
};
/// Reads text of the form that options.from names. Mistakes are faults with their lines. Pure.
ForeignFile read_foreign(std::string_view text, const ForeignOptions& options);

/// The same of a file. Errors: as read_import_text.
Result<ForeignFile> read_foreign_file(const std::string& path, const ForeignOptions& options);

/// The readers, one an inventory: foreign_netbox.cpp and so on.
ForeignRecords read_netbox(std::string_view text, const ForeignOptions& options);
ForeignRecords read_glpi(std::string_view text, const ForeignOptions& options);
ForeignRecords read_slurm(std::string_view text, const ForeignOptions& options);
ForeignRecords read_kubernetes(std::string_view text, const ForeignOptions& options);

/// True where a role or type is one of those that are servers.
bool is_server_role(std::string_view role, const ForeignOptions& options);
/// Adds where there is room, else says so once.
void add_nodes(ForeignRecords& records, ForeignNodes nodes);

}  // namespace capmap
