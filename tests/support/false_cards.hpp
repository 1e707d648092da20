#pragma once
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/support/program.hpp"

namespace capmap::support {

/// The file that a vendor's false library plays: lines "KEY VALUE". Another process may read it at any moment.
class PlayedFile {
 public:
  void set(const std::string& key, const std::string& value) {
    lines_[key] = value;
    write();
  }
  void clear(const std::string& key) {
    lines_.erase(key);
    write();
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 protected:
  PlayedFile() : path_(folder_.path() + "/cards") {}
  void write() const {
    std::ofstream file(path_ + ".new");
    for (const auto& [key, value] : lines_) file << key << ' ' << value << '\n';
    file.close();
    std::filesystem::rename(path_ + ".new", path_);
  }

  TemporaryFolder folder_;
  std::string path_;
  std::map<std::string, std::string> lines_;
};

/// Cards that tests/support/false_nvml.cpp shows.
class FalseCards : public PlayedFile {
 public:
  explicit FalseCards(unsigned count) {
    lines_["devices"] = std::to_string(count);
    for (unsigned i = 0; i < count; ++i) {
      const std::string card = std::to_string(i) + ".";
      lines_[card + "pci"] = address(i);
      lines_[card + "id"] = "10de:2330";
      lines_[card + "name"] = "NVIDIA H100 80GB HBM3";
      lines_[card + "uuid"] = "GPU-00000000-0000-0000-0000-00000000000" + std::to_string(i);
      lines_[card + "total"] = std::to_string(80ULL << 30U);
      lines_[card + "used"] = std::to_string(40ULL << 30U);
      lines_[card + "gpu"] = std::to_string(50 + i);
      lines_[card + "power"] = std::to_string(600'400 + i * 1'000);
      lines_[card + "temp"] = "61";
      lines_[card + "processes"] = "1";
      lines_[card + "links"] = "18";
      lines_[card + "ecc"] = "0";
    }
    write();
  }
  /// The n-th card's address on the bus.
  static std::string address(unsigned i) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "0000:%02x:00.0", 0x10 + i * 0x10);
    return text.data();
  }

  /// For the environment of a program that loads the library.
  [[nodiscard]] std::string variable() const { return "CAPMAP_FALSE_NVML=" + path_; }
};

/// Ascend cards of as many chips each that tests/support/false_dcmi.cpp shows.
class FalseAscend : public PlayedFile {
 public:
  FalseAscend(unsigned cards, unsigned chips, const std::string& id = "19e5:d802", const std::string& name = "910B2") {
    lines_["cards"] = std::to_string(cards);
    for (unsigned card = 0; card < cards; ++card) {
      lines_[std::to_string(card) + ".chips"] = std::to_string(chips);
      for (unsigned number = 0; number < chips; ++number) {
        const std::string chip = std::to_string(card) + "." + std::to_string(number) + ".";
        lines_[chip + "pci"] = FalseCards::address(card * chips + number);
        lines_[chip + "id"] = id;
        lines_[chip + "type"] = "Ascend";
        lines_[chip + "name"] = name;
        lines_[chip + "hbm"] = "65536";
        lines_[chip + "hbm_used"] = "3400";
        lines_[chip + "busy"] = std::to_string(40 + number * 20);
        lines_[chip + "temp"] = std::to_string(50 + number);
        lines_[chip + "health"] = "0";
        lines_[chip + "ecc"] = "0";
        lines_[chip + "processes"] = "1";
      }
      lines_[std::to_string(card) + ".0.power"] = "3105";
    }
    write();
  }
  [[nodiscard]] std::string variable() const { return "CAPMAP_FALSE_DCMI=" + path_; }
};

/// AMD devices that tests/support/false_rocm_smi.cpp shows: an MI300X at each address.
class FalseRocm : public PlayedFile {
 public:
  explicit FalseRocm(unsigned count) {
    lines_["devices"] = std::to_string(count);
    for (unsigned i = 0; i < count; ++i) {
      const std::string device = std::to_string(i) + ".";
      lines_[device + "pci"] = FalseCards::address(i);
      lines_[device + "id"] = "1002:74a1";
      lines_[device + "name"] = "AMD Instinct MI300X OAM";
      lines_[device + "unique"] = "c0ffee" + std::to_string(i);
      lines_[device + "total"] = "206141652992";
      lines_[device + "used"] = std::to_string(20ULL << 30U);
      lines_[device + "busy"] = std::to_string(40 + i);
      lines_[device + "socket"] = "612400000";
      lines_[device + "cap"] = "750000000";
      lines_[device + "junction"] = "61999";
      lines_[device + "ecc"] = "0";
      lines_[device + "mode"] = "SPX";
    }
    write();
  }
  [[nodiscard]] std::string variable() const { return "CAPMAP_FALSE_ROCM_SMI=" + path_; }
};

/// A small machine below a folder with as many cards on its PCI bus: {root, folder it lies in}.
class HostWithCards {
 public:
  explicit HostWithCards(unsigned count, const std::string& what = "0x030200 0x10de 0x2330 nvidia") {
    const std::string parameters = folder_.path() + "/parameters";
    std::ofstream file(parameters);
    file << "arch x86_64\npackages 1\ncores 2\nnode_mib 4096\ncpuinfo vendor_id: GenuineIntel\n";
    for (unsigned i = 0; i < count; ++i) file << "pci " << FalseCards::address(i) << " " << what << "\n";
    file.close();
    made_ = run({CAPMAP_SOURCE_DIR "/tests/support/make_host.sh", parameters, root()});
  }
  [[nodiscard]] std::string root() const { return folder_.path() + "/root"; }
  [[nodiscard]] const Ran& made() const { return made_; }

 private:
  TemporaryFolder folder_;
  Ran made_;
};

}  // namespace capmap::support
