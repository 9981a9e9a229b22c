# Third-party packages, each found once. The first word of each row is the
# name that cmake/Layers.cmake uses in OWNS.
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1>=0.2.5)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8>=10.40)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate>=1.14)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib>=1.2.13)
# QR codes on the review screen: a convenience, so it is taken if it is there.
set(PKG_QR AUTO CACHE STRING "QR codes with libqrencode: AUTO, ON or OFF")
set_property(CACHE PKG_QR PROPERTY STRINGS AUTO ON OFF)
if(PKG_QR STREQUAL "ON")
  pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode>=4.0)
elseif(NOT PKG_QR STREQUAL "OFF")
  pkg_check_modules(QRENCODE IMPORTED_TARGET libqrencode>=4.0)
endif()

set(PKG_DEP_openssl OpenSSL::Crypto)
set(PKG_DEP_libyaml PkgConfig::YAML)
set(PKG_DEP_pcre2 PkgConfig::PCRE2)
set(PKG_DEP_libdeflate PkgConfig::DEFLATE)
set(PKG_DEP_zlib PkgConfig::ZLIB)
set(PKG_DEP_threads Threads::Threads)
if(QRENCODE_FOUND)
  set(PKG_DEP_libqrencode PkgConfig::QRENCODE)
endif()

# The same for packline.pc.
set(PKG_PC_REQUIRES
  libcrypto ${YAML_MODULE_NAME} ${PCRE2_MODULE_NAME} ${DEFLATE_MODULE_NAME}
  ${ZLIB_MODULE_NAME} ${QRENCODE_MODULE_NAME})
list(JOIN PKG_PC_REQUIRES " " PKG_PC_REQUIRES)

# pkg-import, the one tool that opens connections: found or left out.
# (Not needed by programs that use the library.)
set(PKG_HAVE_IMPORT OFF)
if(DEFINED PKG_IMPORT AND NOT PKG_IMPORT STREQUAL "OFF")
  pkg_check_modules(CURL IMPORTED_TARGET libcurl>=7.87)
  if(CURL_FOUND)
    set(PKG_HAVE_IMPORT ON)
    set(PKG_DEP_libcurl PkgConfig::CURL)
  elseif(PKG_IMPORT STREQUAL "ON")
    message(FATAL_ERROR "PKG_IMPORT=ON needs libcurl 7.87 or newer")
  else()
    message(STATUS "no libcurl 7.87 or newer: without pkg-import")
  endif()
endif()
