#include "store/chdb_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <vector>

namespace turnscope::store {
namespace {

std::vector<std::string> places(const std::string& path) {
  if (!path.empty()) return {path};
  std::vector<std::string> out;
  if (const char* env = std::getenv("TURNSCOPE_CHDB_LIB"); env != nullptr && *env != '\0') return {env};
  std::error_code ec;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ec);
  if (!ec) {
    const auto folder = self.parent_path();
    out.push_back((folder / "libchdb.so").string());
    out.push_back((folder / ".." / "lib" / "turnscope" / "libchdb.so").lexically_normal().string());
    // Test binaries lie deeper in the build folder.
    for (auto up = folder.parent_path(); up.has_relative_path(); up = up.parent_path())
      if (std::filesystem::exists(up / "libchdb.so", ec)) out.push_back((up / "libchdb.so").string());
  }
  return out;
}

struct Symbol {
  const char* name;
  void** slot;
};

Result<ChdbLibrary> open(const std::string& file) {
  // RTLD_NODELETE: the library leaves threads and exit handlers behind.
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr)
    return fail(ErrorKind::unavailable,
                fmt::format("cannot load the embedded engine {}: {}", file, dlerror()));
  ChdbLibrary lib{};
  lib.path = file;
  const Symbol symbols[] = {
      {"chdb_version", reinterpret_cast<void**>(&lib.version)},
      {"chdb_set_signal_handlers_enabled", reinterpret_cast<void**>(&lib.set_signal_handlers_enabled)},
      {"chdb_connect", reinterpret_cast<void**>(&lib.connect)},
      {"chdb_close_conn", reinterpret_cast<void**>(&lib.close_conn)},
      {"chdb_query_with_params_n", reinterpret_cast<void**>(&lib.query_with_params_n)},
      {"chdb_query_n", reinterpret_cast<void**>(&lib.query_n)},
      {"chdb_stream_insert_n", reinterpret_cast<void**>(&lib.stream_insert_n)},
      {"chdb_stream_append", reinterpret_cast<void**>(&lib.stream_append)},
      {"chdb_stream_done", reinterpret_cast<void**>(&lib.stream_done)},
      {"chdb_stream_cancel_insert", reinterpret_cast<void**>(&lib.stream_cancel_insert)},
      {"chdb_stream_insert_error", reinterpret_cast<void**>(&lib.stream_insert_error)},
      {"chdb_destroy_insert_stream", reinterpret_cast<void**>(&lib.destroy_insert_stream)},
      {"chdb_result_buffer", reinterpret_cast<void**>(&lib.result_buffer)},
      {"chdb_result_length", reinterpret_cast<void**>(&lib.result_length)},
      {"chdb_result_elapsed", reinterpret_cast<void**>(&lib.result_elapsed)},
      {"chdb_result_storage_rows_read", reinterpret_cast<void**>(&lib.result_storage_rows_read)},
      {"chdb_result_storage_bytes_read", reinterpret_cast<void**>(&lib.result_storage_bytes_read)},
      {"chdb_result_error", reinterpret_cast<void**>(&lib.result_error)},
      {"chdb_destroy_query_result", reinterpret_cast<void**>(&lib.destroy_query_result)},
  };
  for (const auto& symbol : symbols) {
    *symbol.slot = dlsym(handle, symbol.name);
    if (*symbol.slot == nullptr)
      return fail(
          ErrorKind::unavailable,
          fmt::format(
              "the embedded engine {} has no {}: chDB 26.7 or later is needed (./dev setup installs it)",
              file, symbol.name));
  }
  lib.set_signal_handlers_enabled(0);
  return lib;
}

}  // namespace

void let_go_of_pages(const ChdbLibrary& lib) {
  const auto of_one = [](dl_phdr_info* info, std::size_t, void* wanted) {
    if (*static_cast<const std::string*>(wanted) != info->dlpi_name) return 0;
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (std::size_t i = 0; i < info->dlpi_phnum; ++i) {
      const auto& part = info->dlpi_phdr[i];
      // What nobody can write is as it is in the file.
      if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
      const std::uintptr_t begin = (info->dlpi_addr + part.p_vaddr) & ~(page - 1);
      const std::uintptr_t end = (info->dlpi_addr + part.p_vaddr + part.p_memsz + page - 1) & ~(page - 1);
      // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
      (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 1;
  };
  std::string path = lib.path;
  dl_iterate_phdr(of_one, &path);
}

Result<const ChdbLibrary*> load_chdb(const std::string& path) {
  static std::mutex mutex;
  static ChdbLibrary loaded{};
  const std::lock_guard lock(mutex);
  if (loaded.version != nullptr) return &loaded;
  std::string tried;
  for (const auto& place : places(path)) {
    std::error_code ec;
    if (!std::filesystem::exists(place, ec)) {
      tried += tried.empty() ? place : ", " + place;
      continue;
    }
    TS_ASSIGN(loaded, open(place));
    return &loaded;
  }
  return fail(ErrorKind::unavailable,
              fmt::format("libchdb.so was not found (looked at {}): run ./dev setup, or set store.library or "
                          "TURNSCOPE_CHDB_LIB to its path",
                          tried));
}

}  // namespace turnscope::store
