#include "controller/access/sessions.hpp"

#include "common/join_token.hpp"

namespace capmap {

bool Sessions::over(const Session& session, std::uint64_t now_ms) const {
  return now_ms >= session.used_ms + limits_.idle_ms || now_ms >= session.opened_ms + limits_.most_ms;
}

void Sessions::make_room(const std::string& user, std::uint64_t now_ms) {
  std::erase_if(by_hash_, [this, now_ms](const auto& entry) { return over(entry.second, now_ms); });
  std::size_t of_user = 0;
  auto oldest = by_hash_.end(), oldest_of_user = by_hash_.end();
  for (auto at = by_hash_.begin(); at != by_hash_.end(); ++at) {
    if (oldest == by_hash_.end() || at->second.used_ms < oldest->second.used_ms) oldest = at;
    if (at->second.user != user) continue;
    ++of_user;
    if (oldest_of_user == by_hash_.end() || at->second.used_ms < oldest_of_user->second.used_ms) oldest_of_user = at;
  }
  if (of_user >= kMostOfUser) {
    by_hash_.erase(oldest_of_user);
  } else if (by_hash_.size() >= kMost) {
    by_hash_.erase(oldest);
  }
}

Sessions::Opened Sessions::open(const User& user, std::uint64_t now_ms) {
  make_room(user.name, now_ms);
  Opened opened{.cookie = random_secret() + random_secret(), .csrf = random_secret() + random_secret()};
  by_hash_[secret_hash(opened.cookie)] = {
      .user = user.name, .csrf = opened.csrf, .password_hash = user.password_hash, .opened_ms = now_ms, .used_ms = now_ms};
  return opened;
}

std::optional<Sessions::Session> Sessions::use(const std::string& cookie, std::uint64_t now_ms) {
  const auto found = by_hash_.find(secret_hash(cookie));
  if (found == by_hash_.end()) return std::nullopt;
  if (over(found->second, now_ms)) {
    by_hash_.erase(found);
    return std::nullopt;
  }
  found->second.used_ms = now_ms;
  return found->second;
}

std::optional<Sessions::Session> Sessions::look(const std::string& cookie_hash, std::uint64_t now_ms) const {
  const auto found = by_hash_.find(cookie_hash);
  if (found == by_hash_.end() || over(found->second, now_ms)) return std::nullopt;
  return found->second;
}

void Sessions::end(const std::string& cookie) {
  by_hash_.erase(secret_hash(cookie));
}

void Sessions::end_refused(const AccessTable& table, std::uint64_t now_unix_ms) {
  std::erase_if(by_hash_, [&](const auto& entry) {
    const auto user = table.may_ask(entry.second.user, now_unix_ms);
    return !user || !still_the_same(entry.second, **user);
  });
}

bool still_the_same(const Sessions::Session& session, const User& user) {
  return session.password_hash == user.password_hash;
}

}  // namespace capmap
