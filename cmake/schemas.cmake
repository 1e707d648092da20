# Headers are generated at build: generated code asserts the exact flatc version, so it is never committed.
file(GLOB capmap_schema_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/schemas/*.fbs)
set(capmap_schema_dir ${PROJECT_BINARY_DIR}/schemas)
set(capmap_schema_headers)
foreach(schema ${capmap_schema_files})
  get_filename_component(stem ${schema} NAME_WE)
  set(header ${capmap_schema_dir}/schemas/${stem}_generated.h)
  add_custom_command(OUTPUT ${header} DEPENDS ${schema}
    COMMAND ${CAPMAP_FLATC} --cpp --cpp-std c++17 --scoped-enums -o ${capmap_schema_dir}/schemas ${schema}
    COMMENT "flatc ${stem}.fbs" VERBATIM)
  list(APPEND capmap_schema_headers ${header})
endforeach()
add_custom_target(capmap_schema_code DEPENDS ${capmap_schema_headers})
add_library(capmap_schemas INTERFACE)
add_dependencies(capmap_schemas capmap_schema_code)
target_include_directories(capmap_schemas SYSTEM INTERFACE ${capmap_schema_dir} ${CAPMAP_FLATBUFFERS_INCLUDE})
