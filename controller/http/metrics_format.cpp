// Which of its two texts a reader of /metrics gets.
#include <algorithm>
#include <string>

#include "controller/http/metrics_text.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostOffers = 32;  ///< what stands behind them is not looked at

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes what stands before the mark off the front.
std::string_view take_part(std::string_view& text, char mark) {
  const auto end = std::min(text.find(mark), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(part);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// Thousandths: "0.75" -> 750; what is no such number is 0, so that nobody gets what they may not want.
int weight_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[1] != '.') || (text[0] != '0' && text[0] != '1')) return 0;
  int weight = (text[0] - '0') * 1'000, unit = 100;
  for (std::size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return 0;
    weight += (text[i] - '0') * unit;
  }
  return std::min(weight, 1'000);
}

struct Offer {
  std::string type;
  std::string version;
  int weight = 1'000;
};

Offer read_offer(std::string_view text) {
  Offer offer{.type = lower(take_part(text, ';')), .version = {}};
  while (!text.empty()) {
    auto value = take_part(text, ';');
    const auto name = lower(take_part(value, '='));
    value = trimmed(value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (name == "version") offer.version = value;
    if (name == "q") offer.weight = weight_of(value);
  }
  return offer;
}

}  // namespace

MetricsFormat metrics_format(std::string_view accept) {
  int open_metrics = 0, plain = 0;
  for (std::size_t i = 0; i < kMostOffers && !accept.empty(); ++i) {
    const auto offer = read_offer(take_part(accept, ','));
    const bool version_fits = offer.version.empty() || offer.version == "1" || offer.version.starts_with("1.");
    if (offer.type == "application/openmetrics-text" && version_fits) open_metrics = std::max(open_metrics, offer.weight);
    if (offer.type == "text/plain") plain = std::max(plain, offer.weight);
  }
  return open_metrics > 0 && open_metrics >= plain ? MetricsFormat::kOpenMetrics : MetricsFormat::kPlain;
}

}  // namespace capmap
