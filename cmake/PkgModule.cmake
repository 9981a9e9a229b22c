# pkg_layer(NAME USES "a b" OWNS "x" HEADERS "h"): one row of cmake/Layers.cmake;
#   declares the module and reads lib/NAME/CMakeLists.txt.
# pkg_module_sources(FILE...): said there; the module's source files.
# pkg_tool(NAME FILE...): a tool of tools/, linked with the library and cli.

function(pkg_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "USES;OWNS;HEADERS" "")
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/lib/${name}/CMakeLists.txt)
    return()
  endif()
  add_library(pkg_${name} OBJECT)
  target_include_directories(pkg_${name}
    PRIVATE ${PROJECT_SOURCE_DIR}/lib
    PUBLIC ${PROJECT_SOURCE_DIR}/lib/include)
  target_compile_definitions(pkg_${name} PRIVATE PKG_VERSION="${PROJECT_VERSION}")
  target_link_libraries(pkg_${name} PRIVATE pkg_build_flags)
  separate_arguments(owns UNIX_COMMAND "${arg_OWNS}")
  foreach(dep ${owns})
    target_link_libraries(pkg_${name} PRIVATE ${PKG_DEP_${dep}})
    set_property(GLOBAL APPEND PROPERTY PKG_DEPS ${PKG_DEP_${dep}})
  endforeach()
  set(PKG_MODULE pkg_${name})
  add_subdirectory(${PROJECT_SOURCE_DIR}/lib/${name} ${PROJECT_BINARY_DIR}/lib/${name})
  if(NOT name STREQUAL "cli")
    set_property(GLOBAL APPEND PROPERTY PKG_MODULES pkg_${name})
  endif()
endfunction()

macro(pkg_module_sources)
  target_sources(${PKG_MODULE} PRIVATE ${ARGN})
endmacro()

function(pkg_tool name)
  add_executable(${name} ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/tools)
  target_compile_definitions(${name} PRIVATE PKG_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PRIVATE pkg_cli_lib packline pkg_build_flags)
  install(TARGETS ${name} EXPORT PacklineTargets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set_property(GLOBAL APPEND PROPERTY PKG_TOOLS ${name})
endfunction()
