# find_package(turnscope): targets turnscope::sdk, and turnscope::sdk_grpc where it was built with gRPC.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(CURL)
find_dependency(ZLIB)
include(${CMAKE_CURRENT_LIST_DIR}/grpcpp.cmake)
find_package(opentelemetry-cpp CONFIG QUIET)
include(${CMAKE_CURRENT_LIST_DIR}/turnscope.cmake)
