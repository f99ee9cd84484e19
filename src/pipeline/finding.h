// What was found in a text, and the detectors' names.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace turnscope::pipeline {

enum class Detector : std::uint8_t {
#define DETECTOR(name, help) name,
#include "pipeline/detector.def"
#undef DETECTOR
  count
};
inline constexpr std::size_t kDetectors = static_cast<std::size_t>(Detector::count);

struct DetectorInfo {
  std::string_view name;
  std::string_view help;
};
inline constexpr std::array<DetectorInfo, kDetectors> kDetectorTable = {{
#define DETECTOR(name, help) {#name, help},
#include "pipeline/detector.def"
#undef DETECTOR
}};
constexpr std::string_view name(Detector d) { return kDetectorTable[static_cast<std::size_t>(d)].name; }

/// Which detectors are asked: one bit each.
using DetectorSet = std::uint32_t;
constexpr DetectorSet bit(Detector d) { return 1u << static_cast<unsigned>(d); }
inline constexpr DetectorSet kAllDetectors = (1u << kDetectors) - 1;

struct Finding {
  std::uint32_t begin = 0, end = 0;
  Detector detector = Detector::count;
  std::uint16_t pattern = 0;  ///< index into the user's patterns, for Detector::pattern
};

}  // namespace turnscope::pipeline
