#pragma once

// ThreadSanitizer cannot see through a libzmq that is not built for it: we tell it when a payload changes hands.
#if defined(__SANITIZE_THREAD__)
#define CAPMAP_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CAPMAP_TSAN 1
#endif
#endif

#ifdef CAPMAP_TSAN
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

namespace capmap {

/// What this thread wrote before is seen by the one that calls take_over() on the same address. Nothing in other builds.
inline void hand_over([[maybe_unused]] const void* address) {
#ifdef CAPMAP_TSAN
  __tsan_release(const_cast<void*>(address));
#endif
}

inline void take_over([[maybe_unused]] const void* address) {
#ifdef CAPMAP_TSAN
  __tsan_acquire(const_cast<void*>(address));
#endif
}

}  // namespace capmap
