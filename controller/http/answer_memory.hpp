#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "controller/http/routes.hpp"

namespace capmap {

/// Answers that follow from the view alone, for as long as it is the newest: when something happens, everybody asks the same anew, and a
/// sum over a nation need be made once for all of them. Used by the http thread alone.
class AnswerMemory {
 public:
  static constexpr std::uint64_t kMostAgeMs = 250;               ///< ages in an answer are right to this
  static constexpr std::size_t kMostAnswers = 64;                ///< then all go
  static constexpr std::size_t kMostBytes = 16 * 1'024 * 1'024;  ///< of bodies; a longer answer is not kept

  /// What `make` comes to, or what it came to for who may see the same and asked for the same. Kept are answers of status 200 of routes
  /// that follow from the view. A kept one is 304 where If-None-Match names it.
  Outcome answer(const Route& route, const Call& call, const std::function<Outcome()>& make);
  /// Answers that were not made anew, since the start.
  [[nodiscard]] std::uint64_t reused() const { return reused_; }

 private:
  struct Kept {
    HttpResponse response;
    std::uint64_t made_boot_ms = 0;
  };
  void keep(std::string key, const HttpResponse& response, std::uint64_t now_boot_ms);
  void forget_all();

  std::weak_ptr<const MapView> view_;  ///< of all that is kept; weak, so that an old view goes when the map has no use for it
  std::unordered_map<std::string, Kept> kept_;
  std::size_t bytes_ = 0;
  std::uint64_t reused_ = 0;
};

}  // namespace capmap
