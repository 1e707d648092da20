#include "controller/http/gzip_body.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>

#include "controller/http/byte_stream.hpp"

namespace capmap {
namespace {

constexpr int kLevel = 1;  ///< of JSON a sixth or less remains; higher levels cost more time than they save
constexpr int kGzipWindow = 15 + 16, kMemory = 8;
constexpr std::size_t kPartBytes = 65'536;  ///< taken at a time

class GzipBody final : public ByteStream {
 public:
  explicit GzipBody(std::string body) : body_(std::move(body)) {
    good_ = deflateInit2(&state_, kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~GzipBody() override {
    if (good_) deflateEnd(&state_);
  }
  GzipBody(const GzipBody&) = delete;
  GzipBody& operator=(const GzipBody&) = delete;

  [[nodiscard]] bool good() const { return good_; }
  std::string give_back() { return std::move(body_); }

  void begun(std::uint64_t) override {}
  void ended() override {}
  [[nodiscard]] bool lasts() const override { return false; }
  [[nodiscard]] bool over() const override { return over_; }
  std::size_t fill(char* to, std::size_t most) override {
    state_.next_out = reinterpret_cast<Bytef*>(to);
    state_.avail_out = static_cast<uInt>(std::min<std::size_t>(most, UINT32_MAX));
    const auto room = state_.avail_out;
    while (!over_ && state_.avail_out == room) {
      if (state_.avail_in == 0) take_part();
      over_ = deflate(&state_, taken_ == body_.size() ? Z_FINISH : Z_NO_FLUSH) != Z_OK;
    }
    return room - state_.avail_out;
  }

 private:
  void take_part() {
    const auto part = std::min(kPartBytes, body_.size() - taken_);
    state_.next_in = reinterpret_cast<Bytef*>(body_.data() + taken_);
    state_.avail_in = static_cast<uInt>(part);
    taken_ += part;
  }

  std::string body_;
  std::size_t taken_ = 0;
  z_stream state_{};
  bool good_ = false, over_ = false;
};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// "q=0", "q=0.0": not wanted at all.
bool refused(std::string_view parameters) {
  const auto q = trimmed(parameters);
  if (!q.starts_with("q=") && !q.starts_with("Q=")) return false;
  return trimmed(q.substr(2)).find_first_not_of("0.") == std::string_view::npos;
}

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type.find("json") != std::string_view::npos || type == "application/yaml" ||
         type == "application/vnd.capmap.columns";
}

}  // namespace

bool takes_coding(std::string_view accept_encoding, std::string_view coding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    const auto entry = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(accept_encoding.size(), entry.size() + 1));
    const auto semicolon = entry.find(';');
    const auto name = trimmed(entry.substr(0, semicolon));
    const bool no = semicolon != std::string_view::npos && refused(entry.substr(semicolon + 1));
    if (name == coding || (coding == "gzip" && name == "x-gzip")) return !no;
    if (name == "*") any = !no;
  }
  return any;
}

bool takes_gzip(std::string_view accept_encoding) {
  return takes_coding(accept_encoding, "gzip");
}

HttpResponse gzipped(HttpResponse response) {
  const bool coded =
      std::any_of(response.headers.begin(), response.headers.end(), [](const auto& pair) { return pair.first == "Content-Encoding"; });
  if (response.stream || coded || response.body.size() < kLeastGzipBytes || !is_text(response.content_type)) return response;
  auto body = std::make_shared<GzipBody>(std::move(response.body));
  if (!body->good()) {
    response.body = body->give_back();
    return response;
  }
  response.body.clear();
  response.stream = std::move(body);
  response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

}  // namespace capmap
