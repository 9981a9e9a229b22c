# Install rules of the library: headers, PacklineConfig.cmake, packline.pc.
# Tools and man pages install themselves in tools/CMakeLists.txt.
include(CMakePackageConfigHelpers)
install(DIRECTORY lib/include/packline DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  PATTERN import.h EXCLUDE) # what it declares is no part of the library
install(TARGETS packline EXPORT PacklineTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

# find_package(Packline): the library as Packline::packline, each tool as
# Packline::pkg-hash and so on. A static library needs ours, so the list of
# dependencies is installed with it.
set(PKG_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Packline)
install(EXPORT PacklineTargets NAMESPACE Packline::
  DESTINATION ${PKG_CMAKE_DIR})
configure_package_config_file(cmake/PacklineConfig.cmake.in
  ${PROJECT_BINARY_DIR}/PacklineConfig.cmake
  INSTALL_DESTINATION ${PKG_CMAKE_DIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/PacklineConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/PacklineConfig.cmake
  ${PROJECT_BINARY_DIR}/PacklineConfigVersion.cmake
  DESTINATION ${PKG_CMAKE_DIR})
install(FILES cmake/PkgDeps.cmake DESTINATION ${PKG_CMAKE_DIR}
  RENAME PacklineDeps.cmake)

# pkg-config packline; it finds itself, so that the tree can be moved.
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY /p
  OUTPUT_VARIABLE libdir)
file(RELATIVE_PATH PKG_PC_PREFIX ${libdir}/pkgconfig /p)
configure_file(cmake/packline.pc.in ${PROJECT_BINARY_DIR}/packline.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/packline.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
