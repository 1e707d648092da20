# Third-party and standard headers, precompiled once a kind: `code` (sockets), `json`, `tests` (Catch2 and json). CLI11 is in none: with
# gcc each source that takes a precompiled header instantiates again what the header's inline functions name, 4 s for CLI11's.
# The folder's own headers never are; capmap_headers_alone is built without, so that a missing include is found.
set(capmap_precompiled_std <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <optional> <span> <string> <string_view>
  <unordered_map> <variant> <vector>)
set(capmap_precompiled_code <zmq.hpp>)
set(capmap_precompiled_json <zmq.hpp> <nlohmann/json.hpp>)
set(capmap_precompiled_tests <catch2/catch.hpp> <zmq.hpp> <nlohmann/json.hpp>)

# capmap_flags(config flag targets...): one more flag for those in that configuration. gcc and clang take a precompiled header only with the
# flags that made it: such targets share none with others.
function(capmap_flags config flag)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE $<$<CONFIG:${config}>:${flag}>)
  endforeach()
endfunction()

# capmap_precompiled(kind targets...): the first target makes it, the others use it.
function(capmap_precompiled kind first)
  target_precompile_headers(${first} PRIVATE ${capmap_precompiled_std} ${capmap_precompiled_${kind}})
  foreach(target ${ARGN})
    target_precompile_headers(${target} REUSE_FROM ${first})
  endforeach()
endfunction()

# ccache takes precompiled headers when it may trust their defines, and gcc when it keeps the include in the preprocessed text.
if(CAPMAP_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${CAPMAP_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  else()
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()
