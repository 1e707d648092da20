#include "common/codec_parts.hpp"

#include <cstring>

namespace capmap {
namespace {

constexpr std::size_t kHeadBytes = 8;  ///< root offset and identifier

bool is_control(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte < 0x20 || byte == 0x7f;
}

/// The longest beginning of `text` within the limit that ends between two UTF-8 characters.
std::string_view cut(std::string_view text) {
  if (text.size() <= kMaxTextBytes) return text;
  std::size_t end = kMaxTextBytes;
  const std::size_t shortest = kMaxTextBytes - 3;  // a character has at most four bytes
  while (end > shortest && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

Text put_text(Builder& builder, std::string_view text) {
  const std::string_view fitting = cut(text);
  if (fitting.empty()) return 0;
  if (std::ranges::none_of(fitting, is_control)) return builder.CreateString(fitting.data(), fitting.size());
  std::string clean(fitting);
  std::ranges::replace_if(clean, is_control, '?');
  return builder.CreateString(clean);
}

Texts put_texts(Builder& builder, const std::vector<std::string>& texts, std::size_t limit) {
  return put_rows<flatbuffers::String>(builder, texts, limit, [&builder](const std::string& text) {
    return text.empty() ? builder.CreateString("") : put_text(builder, text);  // a list may not have holes
  });
}

bool Received::is(const char* identifier) const {
  return std::memcmp(bytes.data() + sizeof(flatbuffers::uoffset_t), identifier, flatbuffers::kFileIdentifierLength) == 0;
}

Result<Received> receive_bytes(std::span<const std::byte> bytes, std::size_t limit_bytes, const char* kind, Bytes& memory) {
  if (bytes.size() < kHeadBytes || bytes.size() > limit_bytes) {
    return Error{ErrorCode::kMalformed, std::string(kind) + ": " + std::to_string(bytes.size()) + " bytes, expected " +
                                            std::to_string(kHeadBytes) + " to " + std::to_string(limit_bytes)};
  }
  memory.assign(bytes.begin(), bytes.end());
  return Received{memory};
}

void FieldReader::refuse(const char* field, const std::string& reason) {
  if (good()) reason_ = std::string(field) + " " + reason;
}

void FieldReader::require(bool good, const char* field, const char* reason) {
  if (!good) refuse(field, reason);
}

std::string FieldReader::text(const flatbuffers::String* text, const char* field) {
  if (text == nullptr || !good()) return {};
  const std::string_view view(text->c_str(), text->size());
  require(view.size() <= kMaxTextBytes, field, "is longer than 512 bytes");
  require(view.size() <= text_left_bytes_, field, "repeats bytes of another text");
  require(std::ranges::none_of(view, is_control), field, "holds a control character");
  if (!good()) return {};
  text_left_bytes_ -= view.size();
  return std::string(view);
}

std::vector<std::string> FieldReader::texts(const flatbuffers::Vector<Text>* texts, std::size_t limit, const char* field) {
  return rows<std::string>(texts, limit, field, [this, field](const flatbuffers::String& row) { return text(&row, field); });
}

std::uint32_t FieldReader::in_range(std::uint32_t value, std::uint32_t most, const char* field) {
  if (value == 0 || value > most) refuse(field, "is " + std::to_string(value) + " and not 1 to " + std::to_string(most));
  return value;
}

std::optional<std::uint32_t> FieldReader::in_range(std::optional<std::uint32_t> value, std::uint32_t most, const char* field) {
  if (value) in_range(*value, most, field);
  return value;
}

bool FieldReader::list_fits(std::size_t size, std::size_t limit, const char* field) {
  if (size > limit) refuse(field, "has " + std::to_string(size) + " entries, at most " + std::to_string(limit));
  return good();
}

std::uint64_t half_of(const std::array<std::uint8_t, 16>& bytes, std::size_t first) {
  std::uint64_t half = 0;
  for (std::size_t i = 8; i-- > 0;) half = (half << 8U) | bytes[first + i];
  return half;
}

std::array<std::uint8_t, 16> id_of_halves(std::uint64_t first, std::uint64_t second) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(first >> (8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(second >> (8 * i));
  }
  return bytes;
}

}  // namespace capmap
