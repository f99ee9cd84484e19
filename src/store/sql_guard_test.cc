#include "store/sql_guard.h"

#include <gtest/gtest.h>

namespace turnscope::store {
namespace {

TEST(SqlGuard, plain_queries_pass) {
  for (const char* sql :
       {"SELECT 1", "with x as (select 1) select * from x", "  /* why */ SELECT a.b FROM t -- end\n",
        "SELECT 'INTO OUTFILE; SETTINGS file(''x'')' AS file", "SELECT file FROM t",
        "SELECT {format:String}.a, 1", "SELECT `settings`, \"format\" FROM t",
        "SELECT name FROM system.settings", "(SELECT 1)"})
    EXPECT_TRUE(check_read_only(sql)) << sql;
}

TEST(SqlGuard, doors_out_of_the_store_are_refused) {
  for (const char* sql : {"",
                          " -- nothing",
                          "INSERT INTO t VALUES (1)",
                          "DROP TABLE t",
                          "SET readonly = 0",
                          "SYSTEM SHUTDOWN",
                          "SELECT 1; SELECT 2",
                          "SELECT 1 INTO OUTFILE '/tmp/x'",
                          "SELECT 1 into/**/outfile '/tmp/x'",
                          "SELECT file('/etc/passwd')",
                          "SELECT FILE ('/etc/passwd')",
                          "SELECT file/* */('/etc/passwd')",
                          "SELECT `file`('/etc/passwd')",
                          "SELECT \"file\" ('/etc/passwd')",
                          "SELECT * FROM url('http://x')",
                          "SELECT * FROM s3('x')",
                          "SELECT * FROM remote('x')",
                          "SELECT * FROM executable('x')",
                          "SELECT 1 SETTINGS readonly = 0",
                          "SELECT 1 FORMAT CSV",
                          "SELECT sleep(3)",
                          "EXPLAIN SELECT 1",
                          "SELECT $a$ x $a$"}) {
    const auto status = check_read_only(sql);
    ASSERT_FALSE(status) << sql;
    EXPECT_EQ(status.error().kind, ErrorKind::permission_denied);
  }
}

TEST(SqlGuard, an_open_quote_hides_nothing_behind_it) {
  EXPECT_FALSE(check_read_only("SELECT 'a''' , file('/etc/passwd')"));
  EXPECT_FALSE(check_read_only("SELECT 'a\\'' , file('/etc/passwd')"));
  EXPECT_FALSE(check_read_only("SELECT 1 /* x */ , file('/etc/passwd')"));
}

}  // namespace
}  // namespace turnscope::store
