// Read first by clang-tidy: libstdc++ 12 hides std::expected from clang 16, whose concepts suffice.
#pragma once
#pragma GCC system_header
#undef __cpp_concepts
#define __cpp_concepts 202002L
