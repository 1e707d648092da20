#pragma once
#include <span>

namespace capmap {

/// What a figure is about.
enum class HeadlineSubject : unsigned char { kCompute, kIntelligent, kStorage, kAdvancedStorage, kHubShare, kRacks };

/// A national figure as somebody published it: never converted, never added to ours.
struct Headline {
  HeadlineSubject subject;
  const char* date;        ///< that it is of
  const char* figure;      ///< as printed
  const char* basis;       ///< what it counts, as far as the publisher says; in English
  const char* basis_zh;    ///< likewise, in Chinese
  const char* source;      ///< who said so, and where it was read
  const char* confidence;  ///< A: read at the publisher's; B: read where others report it; C: passed on, not read by us
};

/// Ascending by subject, then by date. Every row has a source. Any thread.
std::span<const Headline> headlines();

}  // namespace capmap
