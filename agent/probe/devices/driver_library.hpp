#pragma once
#include <dlfcn.h>

#include <span>
#include <string>

#include "common/result.hpp"

namespace capmap {

/// A vendor's library, loaded at run time and never unloaded: threads of its own may live in it. `library` is a name or a path.
/// Errors: kAbsent with the loader's words.
Result<void*> load_driver_library(const std::string& library);

/// Of several places the first that loads. Errors: kAbsent; the reason of a file that is there and does not load counts for more than
/// that one is missing.
Result<void*> load_driver_library(std::span<const char* const> places);

/// Sets `function` to the symbol, or to null where the library lacks it.
template <class Function>
void look_up(void* library, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, symbol));
}

}  // namespace capmap
