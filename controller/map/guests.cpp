#include "controller/map/guests.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace capmap {
namespace {

constexpr std::uint64_t kPublishEveryMs = 1'000;

}  // namespace

void GuestTable::list(Fingerprint fingerprint, std::vector<RowIndex> Alike::*rows, RowIndex row, bool is_new) {
  auto& listed = alike_[fingerprint].*rows;
  if (std::ranges::find(listed, row) != listed.end()) return;
  if (listed.size() < kMostAlike) {  // perhaps not when it was said first
    listed.push_back(row);
  } else if (is_new) {
    ++refused_;
  }
}

void GuestTable::unlist(Fingerprint fingerprint, std::vector<RowIndex> Alike::*rows, RowIndex row) {
  const auto found = alike_.find(fingerprint);
  if (found == alike_.end()) return;
  std::erase(found->second.*rows, row);
  if (found->second.guests.empty() && found->second.hosts.empty()) alike_.erase(found);
}

void GuestTable::say(RowIndex row, const std::vector<Fingerprint>& fingerprints) {
  const auto known = guests_.find(row);
  if (known == guests_.end() && fingerprints.empty()) return;
  const auto before = known == guests_.end() ? std::vector<Fingerprint>() : known->second.fingerprints;
  for (const auto one : before) {
    if (!std::ranges::binary_search(fingerprints, one)) unlist(one, &Alike::guests, row);
  }
  if (fingerprints.empty()) {
    put(row, std::nullopt, 0);
    guests_.erase(row);
    return;
  }
  guests_[row].fingerprints = fingerprints;
  for (const auto one : fingerprints) list(one, &Alike::guests, row, !std::ranges::binary_search(before, one));
}

void GuestTable::name(RowIndex host, const std::vector<Fingerprint>& guests, std::uint64_t now_ms) {
  const auto known = hosts_.find(host);
  if (known == hosts_.end() && guests.empty()) return;
  const auto before = known == hosts_.end() ? std::vector<Named>() : std::move(known->second);
  std::vector<Named> now;
  now.reserve(guests.size());
  auto was = before.begin();
  for (const auto one : guests) {
    for (; was != before.end() && was->fingerprint < one; ++was) unlist(was->fingerprint, &Alike::hosts, host);
    const bool goes_on = was != before.end() && was->fingerprint == one;
    now.push_back({.fingerprint = one, .since_ms = goes_on ? was->since_ms : now_ms});
    list(one, &Alike::hosts, host, !goes_on);
    if (goes_on) ++was;
  }
  for (; was != before.end(); ++was) unlist(was->fingerprint, &Alike::hosts, host);
  if (now.empty()) {
    hosts_.erase(host);
  } else {
    hosts_[host] = std::move(now);
  }
}

std::vector<RowIndex> GuestTable::forget(RowIndex row) {
  if (!concerns(row)) return {};
  const auto left = inside(row);
  for (const auto guest : left) put(guest, std::nullopt, 0);
  say(row, {});
  name(row, {}, 0);
  return left;
}

std::vector<RowIndex> GuestTable::touched_by(RowIndex row) const {
  std::vector<RowIndex> rows = inside(row);
  if (guests_.contains(row)) rows.push_back(row);
  const auto named = hosts_.find(row);
  if (named == hosts_.end()) return rows;
  for (const auto& one : named->second) {
    const auto alike = alike_.find(one.fingerprint);
    if (alike != alike_.end()) rows.insert(rows.end(), alike->second.guests.begin(), alike->second.guests.end());
  }
  std::ranges::sort(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

std::vector<GuestTable::Claim> GuestTable::claims(RowIndex guest) const {
  std::vector<Claim> claims;
  const auto known = guests_.find(guest);
  if (known == guests_.end()) return claims;
  for (const auto one : known->second.fingerprints) {
    const auto alike = alike_.find(one);
    const bool listed = alike != alike_.end() && std::ranges::find(alike->second.guests, guest) != alike->second.guests.end();
    if (!listed) continue;  // too many have it
    for (const auto host : alike->second.hosts) {
      const auto& named = hosts_.at(host);
      const auto since_ms = std::ranges::lower_bound(named, one, {}, &Named::fingerprint)->since_ms;
      const auto other = std::ranges::find(claims, host, &Claim::host);
      if (other == claims.end()) {
        claims.push_back({.host = host, .since_ms = since_ms});
      } else {
        other->since_ms = std::min(other->since_ms, since_ms);
      }
    }
  }
  return claims;
}

void GuestTable::put(RowIndex guest, std::optional<RowIndex> host, std::uint64_t unnamed_ms) {
  const auto known = guests_.find(guest);
  if (known == guests_.end()) return;
  known->second.unnamed_ms = unnamed_ms;
  if (known->second.host == host) return;
  if (known->second.host) {
    auto& others = inside_[*known->second.host];
    std::erase(others, guest);
    if (others.empty()) inside_.erase(*known->second.host);
  }
  known->second.host = host;
  if (host) inside_[*host].push_back(guest);
  changed_ = true;
}

std::optional<RowIndex> GuestTable::host(RowIndex guest) const {
  const auto known = guests_.find(guest);
  return known == guests_.end() ? std::nullopt : known->second.host;
}

std::uint64_t GuestTable::unnamed_ms(RowIndex guest) const {
  const auto known = guests_.find(guest);
  return known == guests_.end() ? 0 : known->second.unnamed_ms;
}

const std::vector<RowIndex>& GuestTable::inside(RowIndex host) const {
  static const std::vector<RowIndex> kNobody;
  const auto known = inside_.find(host);
  return known == inside_.end() ? kNobody : known->second;
}

bool GuestTable::counted_elsewhere(RowIndex guest) const {
  auto at = host(guest);
  for (std::size_t level = 0; at && level < kMostLevels; ++level) {
    const auto above = host(*at);
    if (!above) return true;
    at = above;
  }
  return false;
}

bool GuestTable::publish_due(std::uint64_t now_ms) const {
  return changed_ && (!published_ || now_ms >= published_ms_ + kPublishEveryMs);
}

GuestTable::Published GuestTable::publish(const NodeTable& nodes, std::uint64_t now_ms) {
  if (!publish_due(now_ms)) return published_;
  auto all = std::make_shared<std::vector<GuestInHost>>();
  for (const auto& [row, guest] : guests_) {
    if (!guest.host || !nodes.place(row).elsewhere || !counted_elsewhere(row)) continue;
    all->push_back({.site = nodes.place(row).site, .guest = nodes.id(row), .host = nodes.id(*guest.host)});
  }
  std::ranges::sort(*all, [](const auto& a, const auto& b) { return std::tie(a.site, a.guest) < std::tie(b.site, b.guest); });
  published_ = std::move(all);
  published_ms_ = now_ms;
  changed_ = false;
  return published_;
}

}  // namespace capmap
