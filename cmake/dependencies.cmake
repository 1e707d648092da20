# Every third-party library once, as an interface target with SYSTEM includes, so that their warnings are not ours.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(capmap_dependency name module)
  pkg_check_modules(${name}_pc REQUIRED IMPORTED_TARGET ${module})
  # CMake reads "-isystem FOLDER" of a module in one way at its first run and in another at each later one: all would be built anew. The
  # headers we include need neither these folders nor other flags.
  set_target_properties(PkgConfig::${name}_pc PROPERTIES INTERFACE_COMPILE_OPTIONS "" INTERFACE_INCLUDE_DIRECTORIES "")
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE PkgConfig::${name}_pc)
endfunction()

capmap_dependency(capmap_zmq libzmq)
target_link_libraries(capmap_zmq INTERFACE Threads::Threads)
capmap_dependency(capmap_sodium libsodium)
capmap_dependency(capmap_zstd libzstd)
capmap_dependency(capmap_hwloc hwloc)
capmap_dependency(capmap_archive libarchive)
capmap_dependency(capmap_microhttpd libmicrohttpd)
capmap_dependency(capmap_gnutls gnutls)
capmap_dependency(capmap_curl libcurl)
capmap_dependency(capmap_sqlite sqlite3)
capmap_dependency(capmap_zlib zlib)

find_path(CAPMAP_FLATBUFFERS_INCLUDE flatbuffers/flatbuffers.h REQUIRED)
find_program(CAPMAP_FLATC flatc REQUIRED)
find_path(CAPMAP_SPDLOG_INCLUDE spdlog/spdlog.h REQUIRED)
find_path(CAPMAP_TOML_INCLUDE toml++/toml.h REQUIRED)
find_path(CAPMAP_CLI_INCLUDE CLI/CLI.hpp REQUIRED)
find_path(CAPMAP_JSON_INCLUDE nlohmann/json.hpp REQUIRED)

# Header-only (common/log.cpp says so): the shared libraries cost the agent memory it does not need.
add_library(capmap_spdlog INTERFACE)
target_include_directories(capmap_spdlog SYSTEM INTERFACE ${CAPMAP_SPDLOG_INCLUDE})
foreach(pair capmap_toml:${CAPMAP_TOML_INCLUDE} capmap_cli:${CAPMAP_CLI_INCLUDE} capmap_json:${CAPMAP_JSON_INCLUDE})
  string(REGEX MATCH "^([^:]+):(.*)$" _ ${pair})
  add_library(${CMAKE_MATCH_1} INTERFACE)
  target_include_directories(${CMAKE_MATCH_1} SYSTEM INTERFACE ${CMAKE_MATCH_2})
endforeach()

find_program(CAPMAP_CCACHE ccache)
