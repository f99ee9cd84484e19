#include "store/chdb_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace turnscope::store {
namespace {

using std::chrono::milliseconds;

int code_of(std::string_view message) {
  const auto at = message.find("Code: ");
  int code = 0;
  if (at != message.npos) std::from_chars(message.data() + at + 6, message.data() + message.size(), code);
  return code;
}

// The engine repeats "Code: n. DB::Exception: " and appends its version; one sentence is enough.
std::string sentence(std::string_view message) {
  constexpr std::string_view kMark = "DB::Exception: ";
  if (const auto at = message.rfind(kMark); at != message.npos) message.remove_prefix(at + kMark.size());
  if (const auto at = message.find(" (version "); at != message.npos) message = message.substr(0, at);
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.remove_suffix(1);
  return std::string(message.substr(0, 600));
}

struct Kind {
  int code;
  ErrorKind kind;
  std::string_view remedy;
};

// ClickHouse's codes, src/Common/ErrorCodes.cpp.
constexpr Kind kKinds[] = {
    {26, ErrorKind::invalid_argument, ""},   // CANNOT_PARSE_QUOTED_STRING
    {27, ErrorKind::invalid_argument, ""},   // CANNOT_PARSE_INPUT_ASSERTION_FAILED
    {38, ErrorKind::invalid_argument, ""},   // CANNOT_PARSE_DATE
    {41, ErrorKind::invalid_argument, ""},   // CANNOT_PARSE_DATETIME
    {72, ErrorKind::invalid_argument, ""},   // CANNOT_PARSE_NUMBER
    {456, ErrorKind::internal, ""},          // UNKNOWN_QUERY_PARAMETER
    {457, ErrorKind::invalid_argument, ""},  // BAD_QUERY_PARAMETER
    {427, ErrorKind::invalid_argument, "the regular expression is not valid"},
    {158, ErrorKind::too_large, "narrow the time range"},
    {307, ErrorKind::too_large, "narrow the time range"},
    {396, ErrorKind::too_large, "narrow the time range or ask for fewer rows"},
    {159, ErrorKind::deadline_exceeded, "narrow the time range"},
    {160, ErrorKind::deadline_exceeded, "narrow the time range"},
    {241, ErrorKind::overloaded, "narrow the time range or the fields"},
    {173, ErrorKind::overloaded, "the machine has no memory left"},
    {202, ErrorKind::overloaded, "too many queries at once"},
    {252, ErrorKind::overloaded, "the store has too many parts and is merging"},
    {243, ErrorKind::overloaded, "the disk of the store is full"},
    {394, ErrorKind::cancelled, ""},
    {164, ErrorKind::permission_denied, ""},
    {497, ErrorKind::permission_denied, ""},
    {452, ErrorKind::permission_denied, ""},
    {40, ErrorKind::corrupt, ""},
    {246, ErrorKind::corrupt, ""},
    {740, ErrorKind::corrupt, ""},
    {74, ErrorKind::io, ""},
    {75, ErrorKind::io, ""},
    {76, ErrorKind::io, ""},
    {88, ErrorKind::io, ""},
    {425, ErrorKind::io, ""},
};

struct DestroyResult {
  const ChdbLibrary* lib;
  void operator()(ChdbResult* r) const { lib->destroy_query_result(r); }
};
using ResultHandle = std::unique_ptr<ChdbResult, DestroyResult>;

struct DestroyInsert {
  const ChdbLibrary* lib;
  void operator()(ChdbInsertStream* s) const { lib->destroy_insert_stream(s); }
};

}  // namespace

Error engine_error(std::string_view message) {
  const int code = code_of(message);
  const auto it =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return k.code == code; });
  const auto kind = it == std::end(kKinds) ? ErrorKind::internal : it->kind;
  auto text = sentence(message);
  if (text.empty()) text = "the engine failed without a message";
  text = it != std::end(kKinds) && !it->remedy.empty()
             ? fmt::format("store: {} [code {}]: {}", it->remedy, code, text)
             : fmt::format("store: {} [code {}]", text, code);
  if (kind == ErrorKind::overloaded) return Error(kind, std::move(text), milliseconds(1000));
  return Error(kind, std::move(text));
}

Result<Connection> Connection::open(const ChdbLibrary& lib, const std::vector<std::string>& arguments) {
  std::vector<std::string> copy{"turnscope"};
  copy.insert(copy.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(copy.size());
  for (auto& a : copy) argv.push_back(a.data());
  ChdbConnection** handle = lib.connect(static_cast<int>(argv.size()), argv.data());
  if (handle == nullptr || *handle == nullptr)
    return fail(
        ErrorKind::unavailable,
        "the embedded engine refused to connect: its folder is in use by another process, not readable, or a "
        "setting is not known to this version; its own message is on standard error");
  return Connection(lib, handle);
}

Connection::Connection(Connection&& other) noexcept
    : lib_(other.lib_), handle_(std::exchange(other.handle_, nullptr)) {}

Connection::~Connection() {
  if (handle_ != nullptr) lib_->close_conn(handle_);
}

Result<QueryResult> Connection::query(std::string_view sql, const Params& params, std::string_view format) {
  std::vector<const char*> names, values;
  std::vector<std::size_t> name_lens, value_lens;
  for (const auto& [name, value] : params) {
    names.push_back(name.data());
    name_lens.push_back(name.size());
    values.push_back(value.data());
    value_lens.push_back(value.size());
  }
  // Parsing without parameters is cheaper (measured: 0.6 against 1.2 ms for SELECT 1).
  const ResultHandle result(
      params.empty() ? lib_->query_n(*handle_, sql.data(), sql.size(), format.data(), format.size())
                     : lib_->query_with_params_n(*handle_, sql.data(), sql.size(), format.data(),
                                                 format.size(), names.data(), name_lens.data(), values.data(),
                                                 value_lens.data(), names.size()),
      DestroyResult{lib_});
  if (!result) return fail(ErrorKind::unavailable, "the embedded engine gave no result: it is closed");
  if (const char* error = lib_->result_error(result.get())) return fail(engine_error(error));
  QueryResult out;
  if (const char* bytes = lib_->result_buffer(result.get()))
    out.bytes.assign(bytes, lib_->result_length(result.get()));
  out.rows_read = lib_->result_storage_rows_read(result.get());
  out.bytes_read = lib_->result_storage_bytes_read(result.get());
  out.seconds = lib_->result_elapsed(result.get());
  return out;
}

Status Connection::insert(std::string_view sql, std::span<const std::string_view> block) {
  constexpr std::string_view kFormat = "Native";
  const std::unique_ptr<ChdbInsertStream, DestroyInsert> stream(
      lib_->stream_insert_n(*handle_, sql.data(), sql.size(), kFormat.data(), kFormat.size()),
      DestroyInsert{lib_});
  if (!stream) return fail(ErrorKind::unavailable, "the embedded engine gave no insert stream: it is closed");
  if (const char* error = lib_->stream_insert_error(stream.get())) return fail(engine_error(error));
  // The engine copies each chunk and queues at most 16 of them: 1 MiB bounds that memory.
  constexpr std::size_t kChunk = 1u << 20;
  for (auto piece : block) {
    while (!piece.empty()) {
      const auto n = std::min(piece.size(), kChunk);
      if (lib_->stream_append(stream.get(), piece.data(), n) != 0) {
        const char* error = lib_->stream_insert_error(stream.get());
        return fail(engine_error(error != nullptr ? error : "the engine refused a part of the block"));
      }
      piece.remove_prefix(n);
    }
  }
  const ResultHandle result(lib_->stream_done(stream.get()), DestroyResult{lib_});
  if (!result) return fail(ErrorKind::internal, "the embedded engine did not answer the insert");
  if (const char* error = lib_->result_error(result.get())) return fail(engine_error(error));
  return {};
}

}  // namespace turnscope::store
