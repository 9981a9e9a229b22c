# Install rules of the library: headers, PacklineConfig.cmake, packline.pc.
# Tools and man pages install themselves in tools/CMakeLists.txt.
include(CMakePackageConfigHelpers)
install(DIRECTORY lib/include/packline DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS packline EXPORT PacklineTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
