// One connection to the embedded engine, RAII. It runs one statement at a time; who holds it owns it.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/chdb_library.h"
#include "store/engine.h"

namespace turnscope::store {

class Connection {
 public:
  /// `arguments` as on a command line, without the program's name.
  static Result<Connection> open(const ChdbLibrary&, const std::vector<std::string>& arguments);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;
  Connection(const Connection&) = delete;
  ~Connection();

  Result<QueryResult> query(std::string_view sql, const Params&, std::string_view format);
  /// INSERT without FORMAT; `block` are the pieces of one Native block.
  Status insert(std::string_view sql, std::span<const std::string_view> block);

 private:
  Connection(const ChdbLibrary& lib, ChdbConnection** handle) : lib_(&lib), handle_(handle) {}
  const ChdbLibrary* lib_;
  ChdbConnection** handle_;
};

/// Turns the engine's message ("Code: 241. DB::Exception: …") into our error; the code stays in the message.
Error engine_error(std::string_view message);

}  // namespace turnscope::store
