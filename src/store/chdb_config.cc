#include "store/chdb_config.h"

#include <fmt/format.h>

#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace turnscope::store {
namespace {

std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  return out;
}

Status write(const std::filesystem::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out)
    return fail(ErrorKind::io,
                fmt::format("cannot write {}: check the folder's owner and free space", file.string()));
  return {};
}

// No FILE, URL, S3, REMOTE … (sources), no access management, no named collections, no CREATE FUNCTION; only
// the table engines that the schema uses.
constexpr std::string_view kUsers = R"xml(<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <grants>
      <query>GRANT SHOW, SELECT, INSERT, ALTER TABLE, ALTER VIEW, CREATE TABLE, CREATE VIEW, CREATE DATABASE, DROP TABLE, DROP VIEW, TRUNCATE, OPTIMIZE, KILL QUERY, SYSTEM FLUSH LOGS, SYSTEM MERGES ON *.*</query>
      <query>GRANT TABLE ENGINE ON MergeTree</query>
      <query>GRANT TABLE ENGINE ON ReplacingMergeTree</query>
      <query>GRANT TABLE ENGINE ON AggregatingMergeTree</query>
      <query>GRANT TABLE ENGINE ON SummingMergeTree</query>
      <query>GRANT TABLE ENGINE ON Memory</query>
    </grants>
  </default></users>
</clickhouse>
)xml";

}  // namespace

Result<std::filesystem::path> write_chdb_config(const ChdbOptions& o) {
  const auto folder = std::filesystem::absolute(o.directory) / "config";
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  if (ec) return fail(ErrorKind::io, fmt::format("cannot make {}: {}", folder.string(), ec.message()));
  const auto users = folder / "users.xml";
  TS_TRY(write(users, kUsers));
  const auto engine = folder / "engine.xml";
  // Caches: the defaults are limits for a server of its own (5 GiB each). Pools: nothing here needs hundreds
  // of threads. No query condition cache: see connect() in chdb_engine.cc.
  TS_TRY(write(engine, fmt::format(R"xml(<clickhouse>
  <users_config>{}</users_config>
  <max_server_memory_usage>{}</max_server_memory_usage>
  <mark_cache_size>{}</mark_cache_size>
  <primary_index_cache_size>{}</primary_index_cache_size>
  <index_mark_cache_size>{}</index_mark_cache_size>
  <query_condition_cache_size>0</query_condition_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>0</mmap_cache_size>
  <compiled_expression_cache_size>1048576</compiled_expression_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
</clickhouse>
)xml",
                                   xml(users.string()), o.memory_bytes, o.mark_cache_bytes,
                                   o.primary_index_cache_bytes, o.index_mark_cache_bytes)));
  return engine;
}

}  // namespace turnscope::store
