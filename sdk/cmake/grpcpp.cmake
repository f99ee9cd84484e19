# grpcpp::grpcpp, where gRPC for C++ is installed. pkg-config walks its hundred static dependencies twenty times over (26 s of
# every configuration), so a shared library is looked for first; a static one still needs pkg-config's list.
if(NOT TARGET grpcpp::grpcpp)
  find_path(GRPCPP_INCLUDE_DIR grpcpp/grpcpp.h)
  find_library(GRPCPP_LIBRARY NAMES libgrpc++.so grpc++)
  find_library(GRPC_LIBRARY NAMES libgrpc.so grpc)
  find_library(GPR_LIBRARY NAMES libgpr.so gpr)
  find_library(GRPCPP_MUTEX_LIBRARY NAMES libabsl_synchronization.so)  # inline code of the headers locks with it
  mark_as_advanced(GRPCPP_INCLUDE_DIR GRPCPP_LIBRARY GRPC_LIBRARY GPR_LIBRARY GRPCPP_MUTEX_LIBRARY)
  if(GRPCPP_INCLUDE_DIR AND GRPCPP_LIBRARY MATCHES "\\.(so|dylib)$" AND GRPC_LIBRARY AND GPR_LIBRARY)
    add_library(grpcpp::grpcpp INTERFACE IMPORTED GLOBAL)
    set_target_properties(grpcpp::grpcpp PROPERTIES
      INTERFACE_LINK_LIBRARIES "${GRPCPP_LIBRARY};${GRPC_LIBRARY};${GPR_LIBRARY};$<$<BOOL:${GRPCPP_MUTEX_LIBRARY}>:${GRPCPP_MUTEX_LIBRARY}>"
      INTERFACE_INCLUDE_DIRECTORIES "${GRPCPP_INCLUDE_DIR}"
      INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${GRPCPP_INCLUDE_DIR}")
  else()
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(GRPCXX QUIET IMPORTED_TARGET GLOBAL grpc++)
    endif()
    if(TARGET PkgConfig::GRPCXX)
      add_library(grpcpp::grpcpp INTERFACE IMPORTED GLOBAL)
      set_target_properties(grpcpp::grpcpp PROPERTIES INTERFACE_LINK_LIBRARIES PkgConfig::GRPCXX)
    endif()
  endif()
endif()
