#include "controller/history/past_cells.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "controller/history/compressed.hpp"
#include "controller/history/varints.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;

namespace {

std::vector<PastMoment> random_moments(std::mt19937_64& dice) {
  std::vector<PastMoment> moments(dice() % 6);
  std::uint64_t at = 1'700'000'000'000;
  for (auto& moment : moments) {
    moment.at_unix_ms = at += 1 + dice() % 100'000;
    for (std::size_t i = dice() % 40; i > 0; --i) {
      const auto small = [&dice](std::uint32_t most) { return static_cast<std::uint32_t>(dice() % (most + 1)); };
      moment.cells.push_back({.key = {.site = small(5),
                                      .pool = small(1),
                                      .hardware = dice() % 9 == 0 ? UINT32_MAX : small(3),
                                      .liveness = static_cast<Liveness>(dice() % kLivenessCount),
                                      .service = static_cast<ServiceState>(dice() % kServiceStateNames.size()),
                                      .verdict = static_cast<Verdict>(dice() % kVerdictNames.size())},
                              .nodes = static_cast<std::int64_t>(dice() % 2'000) - 1'000,
                              .unhealthy_devices = static_cast<std::int64_t>(dice() % 3) - 1});
    }
    sum_up(moment.cells);
  }
  return moments;
}

}  // namespace

TEST_CASE("moments come back from their record as they were", "[past_cells]") {
  std::mt19937_64 dice(run_seed());
  for (int round = 0; round < 300; ++round) {
    const auto moments = random_moments(dice);
    const auto back = unpack_moments(pack_moments(moments));
    REQUIRE(back.ok());
    REQUIRE(*back == moments);
  }
}

TEST_CASE("cells of one key are one, and what adds up to nothing is none", "[past_cells]") {
  const PastKey a{.site = 1}, b{.site = 2};
  std::vector<PastCell> cells = {{b, 3, 0}, {a, 2, 1}, {b, -3, 0}, {a, 5, -1}};
  sum_up(cells);
  CHECK(cells == std::vector<PastCell>{{a, 7, 0}});
}

TEST_CASE("bytes that no record is made of are refused", "[past_cells]") {
  std::mt19937_64 dice(run_seed());
  std::size_t refused = 0;
  for (int round = 0; round < 2'000; ++round) {
    auto bytes = pack_moments(random_moments(dice));
    auto plain = *uncompressed(bytes, 1 << 20);
    for (std::size_t i = 1 + dice() % 3; i > 0 && !plain.empty(); --i) plain[dice() % plain.size()] = static_cast<char>(dice());
    if (dice() % 4 == 0) plain.resize(plain.size() - dice() % (plain.size() + 1));
    const auto read = unpack_moments(compressed(plain));
    refused += read.ok() ? 0 : 1;
    if (!read) CHECK(read.error().code == ErrorCode::kMalformed);
  }
  CHECK(refused > 500);
  CHECK_FALSE(unpack_moments("").ok());
  CHECK_FALSE(unpack_moments("no frame").ok());
  std::vector<std::uint8_t> many;
  put_varint(many, 1);
  put_varint(many, UINT64_MAX);
  CHECK(unpack_moments(compressed({reinterpret_cast<const char*>(many.data()), many.size()})).error().what.find("too many moments") !=
        std::string::npos);
}
