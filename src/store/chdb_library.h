// libchdb.so, loaded at run time: the functions of its C interface that we use. Declared here by us; their
// meaning is documented in chdb-io/chdb-core, programs/local/chdb.h.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace turnscope::store {

/// Opaque to us. A connection handle is a pointer to `Connection`.
struct ChdbConnection;
struct ChdbResult;
struct ChdbInsertStream;

struct ChdbLibrary {
  const char* (*version)();
  void (*set_signal_handlers_enabled)(int);
  ChdbConnection** (*connect)(int argc, char** argv);
  void (*close_conn)(ChdbConnection**);
  ChdbResult* (*query_with_params_n)(ChdbConnection*, const char* sql, std::size_t sql_len,
                                     const char* format, std::size_t format_len, const char* const* names,
                                     const std::size_t* name_lens, const char* const* values,
                                     const std::size_t* value_lens, std::size_t count);
  ChdbResult* (*query_n)(ChdbConnection*, const char* sql, std::size_t sql_len, const char* format,
                         std::size_t format_len);
  ChdbInsertStream* (*stream_insert_n)(ChdbConnection*, const char* sql, std::size_t sql_len,
                                       const char* format, std::size_t format_len);
  int (*stream_append)(ChdbInsertStream*, const void*, std::size_t);
  ChdbResult* (*stream_done)(ChdbInsertStream*);
  void (*stream_cancel_insert)(ChdbInsertStream*);
  const char* (*stream_insert_error)(ChdbInsertStream*);
  void (*destroy_insert_stream)(ChdbInsertStream*);
  char* (*result_buffer)(ChdbResult*);
  std::size_t (*result_length)(ChdbResult*);
  double (*result_elapsed)(ChdbResult*);
  std::uint64_t (*result_storage_rows_read)(ChdbResult*);
  std::uint64_t (*result_storage_bytes_read)(ChdbResult*);
  const char* (*result_error)(ChdbResult*);
  void (*destroy_query_result)(ChdbResult*);

  /// Where the library was found.
  std::string path;
};

/// Loads the library once for the process and switches its signal handlers off before anything connects (with
/// them a failed assertion of ours would hang instead of ending the process). Looks at `path` if given, else
/// at $TURNSCOPE_CHDB_LIB, beside the executable, in ../lib/turnscope, in .deps of the build's source folder.
Result<const ChdbLibrary*> load_chdb(const std::string& path);

/// Takes the library's code and constants out of this process's memory; what is used again is mapped again
/// from the page cache. Starting the engine touches 170 MB of them, and most never again.
void let_go_of_pages(const ChdbLibrary&);

}  // namespace turnscope::store
