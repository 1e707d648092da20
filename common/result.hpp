#pragma once
#include <string>
#include <utility>
#include <variant>

namespace capmap {

/// What kind of failure an operator is looking at; each has one cure.
enum class ErrorCode : unsigned char {
  kAbsent,       ///< the thing is not there: create it, or it does not exist on this machine
  kDenied,       ///< it is there, but we may not: permissions, keys, tokens
  kTimeout,      ///< it did not answer in time
  kMalformed,    ///< it answered something that has no meaning
  kUnavailable,  ///< it cannot be reached or used now; trying again later may help
  kFull,         ///< a limit is reached: disk, descriptors, queue, rate
};

/// Stable lower-case word of a code, for logs, metrics labels and JSON ("absent", "denied", ...).
constexpr const char* to_word(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAbsent: return "absent";
    case ErrorCode::kDenied: return "denied";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kMalformed: return "malformed";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kFull: return "full";
  }
  return "unknown";
}

/// A failure of the world outside. `what` is one line for an operator: the place, what is wrong, the fix where one is known.
struct Error {
  ErrorCode code = ErrorCode::kUnavailable;
  std::string what;
  bool operator==(const Error&) const = default;
};

/// The value of operations that return nothing but may fail.
struct Done {
  bool operator==(const Done&) const = default;
};

/// A value or the reason why there is none. Never throws; reading the wrong side is our bug and aborts (std::get_if + assert by use).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return content_.index() == 0; }
  [[nodiscard]] bool ok() const { return content_.index() == 0; }

  T& operator*() { return *std::get_if<0>(&content_); }
  const T& operator*() const { return *std::get_if<0>(&content_); }
  T* operator->() { return std::get_if<0>(&content_); }
  const T* operator->() const { return std::get_if<0>(&content_); }

  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&content_); }

 private:
  std::variant<T, Error> content_;
};

}  // namespace capmap
