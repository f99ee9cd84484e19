// Precompiled headers: what most files of the example read.
#pragma once
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
