#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "controller/access/access_table.hpp"

namespace capmap {

/// Who has logged in with a browser. In memory alone: a restart ends all. Only hashes of what cookies hold are kept. Used by one thread.
class Sessions {
 public:
  static constexpr std::size_t kMost = 10'000, kMostOfUser = 20;
  struct Limits {
    std::uint64_t idle_ms = 1'800'000, most_ms = 43'200'000;
  };
  struct Opened {
    std::string cookie;  ///< 256 random bits; told once
    std::string csrf;    ///< what each change must show beside the cookie
  };
  struct Session {
    std::string user, csrf;
    std::string password_hash;  ///< as it was: another password ends the session
    std::uint64_t opened_ms = 0, used_ms = 0;
  };

  explicit Sessions(Limits limits) : limits_(limits) {}

  /// The oldest of the user, or of all, ends where there are too many.
  Opened open(const User& user, std::uint64_t now_ms);
  /// The session of a cookie, used now. Absent: there is none, or it has ended.
  std::optional<Session> use(const std::string& cookie, std::uint64_t now_ms);
  /// The same by the hash of a cookie, without using it.
  [[nodiscard]] std::optional<Session> look(const std::string& cookie_hash, std::uint64_t now_ms) const;
  void end(const std::string& cookie);
  /// Ends those whose user may not ask any more.
  void end_refused(const AccessTable& table, std::uint64_t now_unix_ms);
  [[nodiscard]] std::size_t size() const { return by_hash_.size(); }

 private:
  [[nodiscard]] bool over(const Session& session, std::uint64_t now_ms) const;
  void make_room(const std::string& user, std::uint64_t now_ms);
  Limits limits_;
  std::unordered_map<std::string, Session> by_hash_;
};

/// Is the user still the one who logged in?
bool still_the_same(const Sessions::Session& session, const User& user);

}  // namespace capmap
