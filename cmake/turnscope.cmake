# Compiler flags, dependencies and the two helpers every folder uses: turnscope_library and turnscope_test.
include(CheckCXXSourceCompiles)

find_program(CCACHE ccache)
if(CCACHE)
  # Depend mode: a miss costs no second run of the preprocessor.
  set(CMAKE_CXX_COMPILER_LAUNCHER /usr/bin/env CCACHE_DEPEND=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)  # lets ccache see through precompiled headers
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
                    -fno-omit-frame-pointer)
option(TURNSCOPE_FUZZ "build the libFuzzer targets (clang)" OFF)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 hides std::expected from compilers whose concepts are older than C++20's final text; clang 16's suffice.
  add_compile_options(-Wno-builtin-macro-redefined -Wno-macro-redefined -D__cpp_concepts=202002L)
endif()
if(TURNSCOPE_FUZZ)
  add_compile_options(-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(TURNSCOPE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -O1)
  add_link_options(-fsanitize=address,undefined)
elseif(TURNSCOPE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -O1 -Wno-tsan)
  add_link_options(-fsanitize=thread)
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
include(${PROJECT_SOURCE_DIR}/sdk/cmake/grpcpp.cmake)
if(NOT TARGET grpcpp::grpcpp)
  message(FATAL_ERROR "gRPC for C++ is missing: ./dev setup installs it")
endif()

# Third-party headers are not ours to warn about.
foreach(t PkgConfig::RE2 PkgConfig::ZSTD PkgConfig::XXHASH)
  get_target_property(inc ${t} INTERFACE_INCLUDE_DIRECTORIES)
  if(inc)
    set_target_properties(${t} PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${inc}")
  endif()
  # "-pthread" of one library would make the shared precompiled header unusable.
  set_target_properties(${t} PROPERTIES INTERFACE_COMPILE_OPTIONS "")
endforeach()

# Files of a folder are compiled eight at a time: half of a file's time is headers that all of them read. So a
# name in a file's unnamed namespace is unique in its folder. While working on one file: -DTURNSCOPE_UNITY=OFF.
option(TURNSCOPE_UNITY "compile several files of a library at once" ON)
function(turnscope_unity)
  if(TURNSCOPE_UNITY)
    set_target_properties(${ARGN} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

# turnscope_alone(a.cc ...): files that are compiled by themselves, where their short names say more than unique ones.
function(turnscope_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# turnscope_cold(target ...): code that runs at start or at a person's pace is compiled for a short build.
function(turnscope_cold)
  foreach(name ${ARGN})
    target_compile_options(${name} PRIVATE -O1)
  endforeach()
endfunction()

# turnscope_library(name SOURCES a.cc b.cc LIBS x y [PCH target]): one static library a folder; includes are written
# from src/, as in #include "base/result.h".
function(turnscope_library name)
  cmake_parse_arguments(A "" "PCH" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PUBLIC ${A_LIBS} Threads::Threads)
  if(NOT A_PCH)
    set(A_PCH ts_pch)
  endif()
  if(TARGET ${A_PCH})
    target_link_libraries(${name} PUBLIC fmt::fmt)
    target_precompile_headers(${name} REUSE_FROM ${A_PCH})
  endif()
  turnscope_unity(${name})
endfunction()

# turnscope_test(name SOURCES a_test.cc LIBS x [LABELS unit]): a GoogleTest binary that ctest runs.
function(turnscope_test name)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${A_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  # Tests are compiled for a short build, not for speed; what they test keeps its optimisation.
  target_link_libraries(${name} PRIVATE fmt::fmt Threads::Threads)
  target_compile_options(${name} PRIVATE -O0 -g0)
  if(TARGET ts_test_pch)
    target_precompile_headers(${name} REUSE_FROM ts_test_pch)
  endif()
  turnscope_unity(${name})
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${A_LABELS}" TIMEOUT ${A_TIMEOUT}
                       ENVIRONMENT "TURNSCOPE_SOURCE_DIR=${PROJECT_SOURCE_DIR};TURNSCOPE_BUILD_DIR=${PROJECT_BINARY_DIR}")
endfunction()

# Benchmarks are built for ./dev bench, and by ./dev test so that they stay whole; not by every build.
add_custom_target(benches)

# turnscope_bench(name SOURCES a_bench.cc LIBS x): a Google Benchmark binary.
function(turnscope_bench name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${A_SOURCES})
  add_dependencies(benches ${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${A_LIBS} benchmark::benchmark benchmark::benchmark_main Threads::Threads)
endfunction()

# turnscope_fuzz(fuzz_x SOURCES x_fuzz.cc LIBS x): a libFuzzer target with -DTURNSCOPE_FUZZ=ON; otherwise a test that replays
# its corpus, tests/fuzz/x.
function(turnscope_fuzz name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  if(NOT TURNSCOPE_FUZZ)
    string(REPLACE "fuzz_" "" corpus ${name})
    add_executable(${name}_replay ${A_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.cc)
    target_include_directories(${name}_replay PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name}_replay PRIVATE ${A_LIBS} Threads::Threads)
    add_test(NAME ${name}_replay COMMAND ${name}_replay ${PROJECT_SOURCE_DIR}/tests/fuzz/${corpus} 200)
    set_tests_properties(${name}_replay PROPERTIES LABELS unit TIMEOUT 300)
    return()
  endif()
  add_executable(${name} ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${A_LIBS} Threads::Threads)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
