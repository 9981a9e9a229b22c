# pkg_layer(NAME USES "a b" OWNS "x" HEADERS "h"): one row of cmake/Layers.cmake;
#   declares the module and reads lib/NAME/CMakeLists.txt.
# pkg_module_sources(FILE...): said there; the module's source files.
# pkg_tool(NAME FILE...): a tool of tools/, linked with the library and cli,
#   with its man page (NAME.1.scd) and its shell completions.

function(pkg_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "USES;OWNS;HEADERS" "")
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/lib/${name}/CMakeLists.txt)
    return()
  endif()
  if(name STREQUAL "import" AND NOT PKG_HAVE_IMPORT)
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
    if(NOT name STREQUAL "import")
      set_property(GLOBAL APPEND PROPERTY PKG_DEPS ${PKG_DEP_${dep}})
    endif()
  endforeach()
  set(PKG_MODULE pkg_${name})
  add_subdirectory(${PROJECT_SOURCE_DIR}/lib/${name} ${PROJECT_BINARY_DIR}/lib/${name})
  # These two are no part of the library: only tools need them.
  if(NOT name MATCHES "^(cli|import)$")
    set_property(GLOBAL APPEND PROPERTY PKG_MODULES pkg_${name})
  endif()
endfunction()

macro(pkg_module_sources)
  target_sources(${PKG_MODULE} PRIVATE ${ARGN})
endmacro()

function(pkg_tool name)
  if(name STREQUAL "pkg-import" AND NOT PKG_HAVE_IMPORT)
    return()
  endif()
  add_executable(${name} ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/tools)
  target_compile_definitions(${name} PRIVATE PKG_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PRIVATE pkg_cli_lib packline pkg_build_flags)
  if(BUILD_SHARED_LIBS)
    # Found from where the tool is, so that the prefix may be any, and move.
    file(RELATIVE_PATH library ${CMAKE_INSTALL_FULL_BINDIR}
      ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(${name} PROPERTIES INSTALL_RPATH
      "$ORIGIN/${library}")
  endif()
  install(TARGETS ${name} EXPORT PacklineTargets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set_property(GLOBAL APPEND PROPERTY PKG_TOOLS ${name})
  pkg_tool_completions(${name})
  if(BUILD_DOCS)
    pkg_tool_man_page(${name})
  endif()
endfunction()

# The tool prints its own completions, so they cannot differ from its options.
function(pkg_tool_completions name)
  if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    message(STATUS "${name}: no completions, it cannot be run here")
    return()
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/completions)
  file(MAKE_DIRECTORY ${folder})
  foreach(shell bash zsh fish)
    add_custom_command(OUTPUT ${folder}/${name}.${shell}
      COMMAND ${name} --completion=${shell} > ${folder}/${name}.${shell}
      DEPENDS ${name} VERBATIM)
  endforeach()
  add_custom_target(${name}_completions ALL DEPENDS
    ${folder}/${name}.bash ${folder}/${name}.zsh ${folder}/${name}.fish)
  install(FILES ${folder}/${name}.bash RENAME ${name}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${folder}/${name}.zsh RENAME _${name}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${folder}/${name}.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endfunction()

# NAME.1.scd beside the tool becomes man1/NAME.1, with a date that does not
# depend on the day of the build.
function(pkg_tool_man_page name)
  find_program(PKG_SCDOC scdoc REQUIRED)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${name}.1.scd)
  set(page ${CMAKE_CURRENT_BINARY_DIR}/man1/${name}.1)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/man1)
  add_custom_command(OUTPUT ${page}
    COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=${PKG_MAN_DATE}
      ${PKG_SCDOC} < ${source} > ${page}
    DEPENDS ${source} VERBATIM)
  add_custom_target(${name}_man ALL DEPENDS ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endfunction()
