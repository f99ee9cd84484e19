"""The agent's tools: a reading SQL query, a search over log files, a calculator. Each takes the model's arguments and
returns text; what goes wrong is raised as ToolError."""
import ast
import json
import math
import operator
import os
import re
import sqlite3


class ToolError(Exception):
    """A failure that the model is told about."""


class DatabaseReadOnlyError(ToolError):
    pass


class CalculationError(ToolError):
    pass


def _text(arguments: dict, key: str) -> str:
    value = arguments.get(key)
    if not isinstance(value, str) or not value:
        raise ToolError(f"argument '{key}' must be a non-empty string")
    return value


def query_database(workspace: str, arguments: dict) -> str:
    sql = _text(arguments, "sql")
    path = os.path.abspath(os.path.join(workspace, "shop.sqlite"))
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
    denied = []

    def authorize(action, first, *_):
        if action in allowed:
            return sqlite3.SQLITE_OK
        denied.append(first or "the database")
        return sqlite3.SQLITE_DENY

    database.set_authorizer(authorize)
    try:
        cursor = database.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, row)) for row in cursor.fetchmany(201)]
    except (sqlite3.Error, sqlite3.Warning) as failure:
        if denied:
            raise DatabaseReadOnlyError(f"'{denied[0]}' may not be used or changed, this tool only reads: use a SELECT") from failure
        raise ToolError(str(failure)) from failure
    finally:
        database.close()
    return json.dumps({"columns": names, "rows": rows[:200], "row_count": len(rows[:200]), "truncated": len(rows) > 200})


def search_logs(workspace: str, arguments: dict) -> str:
    try:
        pattern = re.compile(_text(arguments, "pattern"))
    except re.error as failure:
        raise ToolError(f"the pattern is not a regular expression: {failure}") from failure
    limit = max(1, min(5000, int(arguments.get("max_results") or 20)))
    logs = os.path.join(workspace, "logs")
    matches, count = [], 0
    for name in sorted(os.listdir(logs)):
        if arguments.get("file") not in (None, "", name):
            continue
        with open(os.path.join(logs, name)) as lines:
            for number, line in enumerate(lines, 1):
                if pattern.search(line):
                    count += 1
                    if count <= limit:
                        matches.append({"file": name, "line": number, "text": line.rstrip("\n")[:2000]})
    return json.dumps({"matches": matches, "match_count": count, "truncated": count > limit})


_BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
           ast.Mod: operator.mod}
_FUNCTIONS = {"round": round, "min": min, "max": max, "abs": abs, "sqrt": math.sqrt,
              "sum": lambda *values: sum(values), "avg": lambda *values: sum(values) / len(values)}


def _value(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords:
        return _FUNCTIONS[node.func.id](*[_value(argument) for argument in node.args])
    raise CalculationError("only numbers, + - * / %, parentheses and round, min, max, sum, avg, sqrt, abs are known")


def calculate(_workspace: str, arguments: dict) -> str:
    expression = _text(arguments, "expression")
    if len(expression) > 1000:
        raise CalculationError(f"the expression has {len(expression)} characters, the limit is 1000")
    try:
        value = _value(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ArithmeticError, TypeError, ValueError, RecursionError) as failure:
        raise CalculationError(str(failure)) from failure
    return json.dumps({"expression": expression, "value": value})


def _schema(required: str, **properties: str) -> dict:
    return {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}, "required": [required]}


TOOLS = {
    "query_database": (query_database, "Runs one reading SQL statement (SQLite) over customers, orders and charges.",
                       _schema("sql", sql="string")),
    "search_logs": (search_logs, "Searches payments.log and gateway.log with a regular expression.",
                    _schema("pattern", pattern="string", file="string", max_results="integer")),
    "calculate": (calculate, "Evaluates an arithmetic expression.", _schema("expression", expression="string")),
}
