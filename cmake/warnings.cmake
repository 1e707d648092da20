# Strict warnings for our own code; third-party headers come in as SYSTEM.
add_library(capmap_warnings INTERFACE)
target_compile_options(capmap_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # gcc 12 warns falsely where its own std::string, or a variant of structs, is moved (GCC PR 105651, 105329, 105562); the sanitizers look for the real thing.
  target_compile_options(capmap_warnings INTERFACE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-maybe-uninitialized)
endif()
target_include_directories(capmap_warnings INTERFACE ${PROJECT_SOURCE_DIR})

# capmap_library(name folder): a static library of the folder's own .cpp files (not of folders below it), main.cpp left out; for fuzzing
# also the command lines, which no target enters and which take longest to compile.
function(capmap_library name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(CAPMAP_FUZZ)
    list(FILTER sources EXCLUDE REGEX "/([a-z]+_command|probe_options|cli)\\.cpp$")
  endif()
  if(NOT sources)
    add_library(${name} INTERFACE)
    set_property(GLOBAL APPEND PROPERTY CAPMAP_EMPTY ${name})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PRIVATE capmap_warnings)
endfunction()

# capmap_program(name main libraries...): an executable of one main.cpp and libraries.
function(capmap_program name main)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${main})
    return()
  endif()
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE capmap_warnings ${ARGN})
  target_compile_definitions(${name} PRIVATE CAPMAP_VERSION="${PROJECT_VERSION}")
  target_link_options(${name} PRIVATE -Wl,--as-needed -Wl,--gc-sections)
endfunction()

add_compile_options(-ffunction-sections -fdata-sections -fstack-protector-strong)
add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
