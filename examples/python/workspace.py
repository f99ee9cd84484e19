"""The data the example agent works on: a small shop's database and its logs, the same every time."""
import os
import sqlite3

SCHEMA = """
CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, email TEXT, country TEXT);
CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id INTEGER, status TEXT, total_cents INTEGER, currency TEXT, created_at TEXT);
CREATE TABLE charges(id TEXT PRIMARY KEY, order_id INTEGER, status TEXT, amount_cents INTEGER, currency TEXT,
                     failure_code TEXT, created_at TEXT);
"""


def make(directory: str) -> None:
    """Creates shop.sqlite and logs/*.log in an existing, empty directory."""
    database = sqlite3.connect(os.path.join(directory, "shop.sqlite"))
    with database:
        database.executescript(SCHEMA)
        for customer in range(1, 21):
            country = ("DE", "FR", "IT", "NG")[customer % 4]
            database.execute("INSERT INTO customers VALUES(?,?,?,?)",
                             (customer, f"Customer {customer}", f"customer{customer}@shop.example", country))
        for order in range(1001, 1101):
            total = 500 + order * 7919 % 40000
            at = f"2026-11-{1 + order % 28:02d}T10:{order % 60:02d}:00Z"
            database.execute("INSERT INTO orders VALUES(?,?,'paid',?,'EUR',?)", (order, 1 + order % 20, total, at))
            database.execute("INSERT INTO charges VALUES(?,?,'succeeded',?,'EUR',NULL,?)", (f"ch_{order}a", order, total, at))
            if order == 1042:  # a retry after a gateway timeout charged again
                database.execute("INSERT INTO charges VALUES(?,?,'failed',?,'EUR','gateway_timeout',?)", (f"ch_{order}0", order, total, at))
                database.execute("INSERT INTO charges VALUES(?,?,'succeeded',?,'EUR',NULL,?)", (f"ch_{order}b", order, total, at))
    database.close()
    logs = os.path.join(directory, "logs")
    os.mkdir(logs)
    with open(os.path.join(logs, "payments.log"), "w") as out:
        for order in range(1001, 1101):
            out.write(f"2026-11-20T10:{order % 60:02d}:00Z INFO payments order={order} action=charge attempt=1 result=succeeded\n")
            if order == 1042:
                out.write("2026-11-20T10:42:31Z WARN payments order=1042 action=charge attempt=2 idempotency_key=missing "
                          'message="retry after gateway timeout charged again"\n')
    with open(os.path.join(logs, "gateway.log"), "w") as out:
        for number in range(500):
            late = number % 50 == 7
            out.write(f"2026-11-20T10:{number % 60:02d}:00Z {'ERROR' if late else 'INFO'} gateway request_id=req-{number:05d} "
                      f"status={504 if late else 200}\n")
