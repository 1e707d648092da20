#include "agent/probe/nic_modes.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace capmap {
namespace {

/// Link-mode bits of one speed. The numbers are the kernel's interface (linux/ethtool.h) and never change; newer ones than the
/// header we are built with are known here too.
struct ModeRange {
  unsigned first, last;
  std::uint32_t mbps;
};
constexpr std::array kModes = std::to_array<ModeRange>({
    {0, 1, 10},          {2, 3, 100},         {4, 5, 1'000},       {12, 12, 10'000}, {15, 15, 2'500},  {17, 17, 1'000},
    {18, 20, 10'000},    {21, 22, 20'000},    {23, 26, 40'000},    {27, 30, 56'000}, {31, 33, 25'000}, {34, 35, 50'000},
    {36, 39, 100'000},   {40, 40, 50'000},    {41, 41, 1'000},     {42, 46, 10'000}, {47, 47, 2'500},  {48, 48, 5'000},
    {52, 56, 50'000},    {57, 61, 100'000},   {62, 66, 200'000},   {67, 67, 100},    {68, 68, 1'000},  {69, 73, 400'000},
    {75, 79, 100'000},   {80, 84, 200'000},   {85, 89, 400'000},   {90, 91, 100},    {92, 92, 10},     {93, 98, 800'000},
    {103, 108, 200'000}, {109, 114, 400'000}, {115, 120, 800'000},
});

constexpr std::size_t kMaxMaskWords = 127;  // the kernel's field is a signed byte

/// ethtool_link_settings with room for three masks behind it: supported, advertised, of the peer.
class LinkSettings {
 public:
  explicit LinkSettings(std::int8_t mask_words) {
    head().cmd = ETHTOOL_GLINKSETTINGS;
    head().link_mode_masks_nwords = mask_words;
  }
  bool ask(int socket, const std::string& port) {
    ifreq request{};
    port.copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_data = reinterpret_cast<char*>(words_.data());
    return ::ioctl(socket, SIOCETHTOOL, &request) == 0;
  }
  ethtool_link_settings& head() { return *reinterpret_cast<ethtool_link_settings*>(words_.data()); }
  [[nodiscard]] std::span<const std::uint32_t> supported(std::size_t mask_words) const { return {words_.data() + kHeadWords, mask_words}; }

 private:
  static constexpr std::size_t kHeadWords = sizeof(ethtool_link_settings) / sizeof(std::uint32_t);
  std::array<std::uint32_t, kHeadWords + 3 * kMaxMaskWords> words_{};
};

}  // namespace

std::optional<std::uint32_t> highest_mbps_of(std::span<const std::uint32_t> link_modes) {
  std::optional<std::uint32_t> highest;
  for (const auto& mode : kModes) {
    for (unsigned bit = mode.first; bit <= mode.last; ++bit) {
      if (bit / 32 < link_modes.size() && (link_modes[bit / 32] >> (bit % 32) & 1U) != 0)
        highest = std::max(highest, std::optional(mode.mbps));
    }
  }
  return highest;
}

std::optional<std::uint32_t> highest_supported_mbps(const std::string& port) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return std::nullopt;
  std::optional<std::uint32_t> highest;
  // The first call answers the size of a mask as a negative number; the second, asked with it, fills them.
  LinkSettings first(0);
  if (first.ask(socket, port) && first.head().link_mode_masks_nwords < 0) {
    const auto words = static_cast<std::int8_t>(-first.head().link_mode_masks_nwords);
    LinkSettings second(words);
    if (words > 0 && second.ask(socket, port)) highest = highest_mbps_of(second.supported(static_cast<std::size_t>(words)));
  }
  ::close(socket);
  return highest;
}

}  // namespace capmap
