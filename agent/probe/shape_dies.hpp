#pragma once
#include <vector>

#include "agent/known_devices.hpp"
#include "agent/probe/shape_accelerator.hpp"
#include "common/messages.hpp"

namespace capmap {

/// Makes one accelerator of the dies of a card: under the address of the first, with all of them in `dies` and their memory summed (unknown
/// when one's is). AMD's are told by the serial number of the card; Huawei's by what their driver last said. Dies that nothing tells
/// apart stay devices of their own: the sums are right then, the number of cards is not, and one line a product says so.
/// `accelerators` ascending by address before and after. Thread: any; pure.
std::vector<Problem> join_card_dies(const KnownDevices& known, std::vector<Accelerator>& accelerators);

}  // namespace capmap
