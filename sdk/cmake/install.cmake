include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(targets turnscope_sdk)
if(TARGET turnscope_sdk_grpc)
  list(APPEND targets turnscope_sdk_grpc)
endif()
if(TARGET turnscope_sdk_otel_bridge)
  list(APPEND targets turnscope_sdk_otel_bridge)
  install(FILES otel_bridge/otel_bridge.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/turnscope/sdk COMPONENT sdk)
endif()
install(TARGETS ${targets} EXPORT turnscope ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
install(DIRECTORY include/turnscope DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
install(EXPORT turnscope NAMESPACE turnscope:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/turnscope COMPONENT sdk)
configure_file(cmake/turnscopeConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/turnscopeConfig.cmake COPYONLY)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/turnscopeConfigVersion.cmake
  VERSION ${TURNSCOPE_SDK_VERSION} COMPATIBILITY SameMinorVersion)
configure_file(cmake/grpcpp.cmake ${CMAKE_CURRENT_BINARY_DIR}/grpcpp.cmake COPYONLY)
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/cmake/grpcpp.cmake ${CMAKE_CURRENT_BINARY_DIR}/turnscopeConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/turnscopeConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/turnscope COMPONENT sdk)
