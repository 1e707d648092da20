#include "agent/probe/devices/driver_library.hpp"

namespace capmap {

Result<void*> load_driver_library(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return handle;
  const char* why = dlerror();
  return Error{ErrorCode::kAbsent, why == nullptr ? library + ": cannot be loaded" : why};
}

Result<void*> load_driver_library(std::span<const char* const> places) {
  Error error{ErrorCode::kAbsent, ""};
  for (const char* place : places) {
    auto handle = load_driver_library(std::string(place));
    if (handle) return handle;
    if (error.what.empty() || handle.error().what.find("No such file") == std::string::npos) error = handle.error();
  }
  return error;
}

}  // namespace capmap
