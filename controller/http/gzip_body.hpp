#pragma once
#include <memory>

#include "controller/http/message.hpp"

namespace capmap {

/// Bodies shorter than this are not worth it.
inline constexpr std::size_t kLeastGzipBytes = 1'024;

/// True where the header takes that coding ("gzip", "br"): it is named, or any is, and not with q=0.
bool takes_coding(std::string_view accept_encoding, std::string_view coding);
/// takes_coding of gzip.
bool takes_gzip(std::string_view accept_encoding);
/// The answer with its body as a stream that compresses it part by part as it goes out, so that no long one keeps other readers waiting;
/// an answer that is short, has no body, or is compressed or not text already stays as it is.
HttpResponse gzipped(HttpResponse response);

}  // namespace capmap
