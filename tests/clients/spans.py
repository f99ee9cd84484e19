"""Spans in one form, whether a client's own record, an export request, or Turnscope's answers tell them; and the comparison.

A value is (type, value): int → int, double → float, array → tuple of values, the others as they are. A span is a dict of
plain fields; times are ints of nanoseconds; attribute lists are dicts (a key twice is a difference)."""
import base64
import json
import math
import struct
import urllib.parse

from harness import Failure, Server, wait_for

KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUS = ("unset", "ok", "error")


def _double(value) -> float:
    return float({"Infinity": "inf", "-Infinity": "-inf"}.get(value, value))


def _unique(pairs, where: str) -> dict:
    out = {}
    for key, value in pairs:
        if key in out:
            raise Failure(f"{where}: attribute {key!r} came back twice")
        out[key] = value
    return out


# --- a client's own record: one span a line of JSON (recording.py, recording.mjs, record.go) ---

def _recorded(value: dict):
    kind, content = value["type"], value["value"]
    if kind == "array":
        return kind, tuple(_recorded(item) for item in content)
    return kind, int(content) if kind == "int" else _double(content) if kind == "double" else content


def _recorded_attributes(all_: dict) -> dict:
    return {key: _recorded(value) for key, value in all_.items()}


def read_record(path: str, link_state: bool = True) -> list:
    """`link_state`: false for an SDK whose exporter leaves out the trace state of links."""
    spans = []
    with open(path) as lines:
        for line in lines:
            span = json.loads(line)
            spans.append({
                **{key: span[key] for key in ("trace_id", "span_id", "parent_span_id", "trace_state", "name", "kind", "dropped")},
                "start": int(span["start_unix_nano"]), "end": int(span["end_unix_nano"]),
                "status": (span["status"]["code"], span["status"]["message"] or ""),
                "attributes": _recorded_attributes(span["attributes"]), "resource": _recorded_attributes(span["resource"]),
                "scope": (span["scope"]["name"], span["scope"]["version"] or ""),
                "scope_attributes": _recorded_attributes(span["scope"]["attributes"]),
                "events": [(int(e["time_unix_nano"]), e["name"], _recorded_attributes(e["attributes"])) for e in span["events"]],
                "links": [(l["trace_id"], l["span_id"], l["trace_state"] if link_state else None, _recorded_attributes(l["attributes"]))
                          for l in span["links"]]})
    return spans


# --- OTLP/JSON, as GET /api/v1/traces/{id}/otlp gives it ---

def _otlp_value(value: dict):
    if not value:
        return "none", None
    (kind, content), = value.items()
    if kind == "stringValue":
        return "string", content
    if kind == "boolValue":
        return "bool", content
    if kind == "intValue":
        return "int", int(content)
    if kind == "doubleValue":
        return "double", _double(content)
    if kind == "bytesValue":
        return "bytes", content
    if kind == "arrayValue":
        return "array", tuple(_otlp_value(item) for item in content.get("values", []))
    return "kvlist", _unique(((kv["key"], _otlp_value(kv.get("value", {}))) for kv in content.get("values", [])), "kvlist")


def _otlp_attributes(all_: list, where: str) -> dict:
    return _unique(((kv["key"], _otlp_value(kv.get("value", {}))) for kv in all_ or []), where)


def from_otlp(document: dict) -> list:
    spans = []
    for of_resource in document.get("resourceSpans", []):
        resource = _otlp_attributes(of_resource.get("resource", {}).get("attributes"), "resource")
        for of_scope in of_resource.get("scopeSpans", []):
            scope = of_scope.get("scope", {})
            for span in of_scope.get("spans", []):
                where = f"span {span['spanId']}"
                status = span.get("status", {})
                spans.append({
                    "trace_id": span["traceId"].lower(), "span_id": span["spanId"].lower(), "parent_span_id": span.get("parentSpanId") or None,
                    "trace_state": span.get("traceState") or None, "name": span["name"], "kind": KINDS[int(span.get("kind", 0))],
                    "start": int(span["startTimeUnixNano"]), "end": int(span["endTimeUnixNano"]),
                    "status": (STATUS[int(status.get("code", 0))], status.get("message", "")),
                    "attributes": _otlp_attributes(span.get("attributes"), where), "resource": resource,
                    "scope": (scope.get("name", ""), scope.get("version", "")),
                    "scope_attributes": _otlp_attributes(scope.get("attributes"), where + " scope"),
                    "events": [(int(e["timeUnixNano"]), e["name"], _otlp_attributes(e.get("attributes"), where)) for e in span.get("events", [])],
                    "links": [(l["traceId"].lower(), l["spanId"].lower(), l.get("traceState") or None, _otlp_attributes(l.get("attributes"), where))
                              for l in span.get("links", [])],
                    "dropped": {"attributes": span.get("droppedAttributesCount", 0), "events": span.get("droppedEventsCount", 0),
                                "links": span.get("droppedLinksCount", 0)}})
    return spans


# --- export requests as a file: 4 bytes of length (big endian), then the protobuf; read by the official package ---

def _proto_value(value):
    kind = value.WhichOneof("value")
    if kind is None:
        return "none", None
    content = getattr(value, kind)
    if kind == "array_value":
        return "array", tuple(_proto_value(item) for item in content.values)
    if kind == "kvlist_value":
        return "kvlist", _proto_attributes(content.values)
    if kind == "bytes_value":
        return "bytes", base64.b64encode(content).decode()
    return {"string_value": "string", "bool_value": "bool", "int_value": "int", "double_value": "double"}[kind], content


def _proto_attributes(all_) -> dict:
    return _unique(((kv.key, _proto_value(kv.value)) for kv in all_), "what was sent")


def read_requests(path: str) -> list:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    with open(path, "rb") as file:
        data = file.read()
    spans, at = [], 0
    while at < len(data):
        size, = struct.unpack_from(">I", data, at)
        request = ExportTraceServiceRequest.FromString(data[at + 4:at + 4 + size])
        at += 4 + size
        for of_resource in request.resource_spans:
            for of_scope in of_resource.scope_spans:
                spans += [_proto_span(span, of_resource.resource, of_scope.scope) for span in of_scope.spans]
    return spans


def _proto_span(span, resource, scope) -> dict:
    return {
        "trace_id": span.trace_id.hex(), "span_id": span.span_id.hex(), "parent_span_id": span.parent_span_id.hex() or None,
        "trace_state": span.trace_state or None, "name": span.name, "kind": KINDS[span.kind],
        "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
        "status": (STATUS[span.status.code], span.status.message), "attributes": _proto_attributes(span.attributes),
        "resource": _proto_attributes(resource.attributes), "scope": (scope.name, scope.version),
        "scope_attributes": _proto_attributes(scope.attributes),
        "events": [(e.time_unix_nano, e.name, _proto_attributes(e.attributes)) for e in span.events],
        "links": [(l.trace_id.hex(), l.span_id.hex(), l.trace_state or None, _proto_attributes(l.attributes)) for l in span.links],
        "dropped": {"attributes": span.dropped_attributes_count, "events": span.dropped_events_count, "links": span.dropped_links_count}}


# --- GET /api/v1/traces/{id}/spans/{span_id} (web/src/api/types.ts) ---

def plain(value):
    """A value as REST shows it inside arrays and kvlists: without types, odd doubles as text."""
    kind, content = value
    if kind == "array":
        return [plain(item) for item in content]
    if kind == "kvlist":
        return {key: plain(item) for key, item in content.items()}
    if kind == "double" and not math.isfinite(content):
        return "NaN" if math.isnan(content) else "Infinity" if content > 0 else "-Infinity"
    return content


def _api_attributes(all_: list, where: str) -> dict:
    out = {}
    for attribute in all_:
        kind, value = attribute["type"], attribute["value"]
        if attribute.get("cut"):
            raise Failure(f"{where}: {attribute['key']} came back cut")
        if kind == "int":
            value = int(value)
        elif kind == "double":
            value = _double(value)
        if attribute["key"] in out:
            raise Failure(f"{where}: attribute {attribute['key']!r} came back twice")
        out[attribute["key"]] = (kind, value)
    return out


def from_detail(detail: dict) -> dict:
    where = f"span {detail['span_id']}"
    return {
        "trace_id": detail["trace_id"], "span_id": detail["span_id"], "parent_span_id": detail["parent_span_id"],
        "trace_state": detail["trace_state"], "name": detail["name"], "kind": detail["span_kind"],
        "start": int(detail["start_unix_nano"]), "end": int(detail["end_unix_nano"]),
        "status": (detail["status"], detail["status_message"] or ""), "attributes": _api_attributes(detail["attributes"], where),
        "resource": _api_attributes(detail["resource"], where + " resource"),
        "scope": (detail["scope"]["name"], detail["scope"]["version"] or ""),
        "scope_attributes": _api_attributes(detail["scope"]["attributes"], where + " scope"),
        "events": [(int(e["time_unix_nano"]), e["name"], _api_attributes(e["attributes"], where)) for e in detail["events"]],
        "links": [(l["trace_id"], l["span_id"], l["trace_state"], _api_attributes(l["attributes"], where)) for l in detail["links"]],
        "dropped": detail["dropped"]}


def _shown(attributes: dict) -> dict:
    """Attributes as from_detail() sees them: arrays and kvlists lose the types of what is in them."""
    return {key: (value[0], plain(value)) if value[0] in ("array", "kvlist") else value for key, value in attributes.items()}


def as_detail(span: dict) -> dict:
    out = dict(span)
    for key in ("attributes", "resource", "scope_attributes"):
        out[key] = _shown(span[key])
    out["events"] = [(*event[:2], _shown(event[2])) for event in span["events"]]
    out["links"] = [(*link[:3], _shown(link[3])) for link in span["links"]]
    return out


# --- the comparison ---

def _same(a, b) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    return a == b


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= 160 else text[:157] + "…"


def differences(sent: list, back: list) -> list:
    """Sentences; empty when every span came back once and equal in every field."""
    out, found = [], {}
    for span in back:
        if span["span_id"] in found:
            out.append(f"span {span['span_id']} ({span['name']}) came back twice")
        found[span["span_id"]] = span
    for span in sent:
        other = found.pop(span["span_id"], None)
        who = f"span {span['span_id']} ({span['name']})"
        if other is None:
            out.append(f"{who} did not come back")
            continue
        for field in span:
            if _same(span[field], other[field]):
                continue
            if isinstance(span[field], dict) and isinstance(other[field], dict):
                for key in span[field].keys() | other[field].keys():
                    if not _same(span[field].get(key), other[field].get(key)):
                        out.append(f"{who} {field} {key}: sent {_short(span[field].get(key))}, came back {_short(other[field].get(key))}")
            else:
                out.append(f"{who} {field}: sent {_short(span[field])}, came back {_short(other[field])}")
    out += [f"span {span['span_id']} ({span['name']}) came back but was not sent" for span in found.values()]
    return out


def read_back(server: Server, trace_id: str, count: int) -> tuple:
    """(list rows, details, OTLP download) of a trace, once all its spans are there."""
    def listed():
        rows, cursor = [], ""
        while True:
            page = server.api(f"/api/v1/traces/{trace_id}/spans?limit=1000{cursor}")
            if page is None:
                return None
            rows += page["spans"]
            if not page["next_cursor"]:
                return rows if len(rows) >= count else None
            cursor = "&cursor=" + urllib.parse.quote(page["next_cursor"])
    rows = wait_for(listed, f"trace {trace_id} with {count} spans")
    details = [server.api(f"/api/v1/traces/{trace_id}/spans/{row['span_id']}?preview_bytes=1000000") for row in rows]
    return rows, details, server.api(f"/api/v1/traces/{trace_id}/otlp")


def check_intact(server: Server, sent: list) -> None:
    """Everything that was sent is in the store once, equal in every field, by each of the three ways to read it."""
    if not sent:
        raise Failure("the client sent nothing")
    problems = []
    for trace_id in sorted({span["trace_id"] for span in sent}):
        of_trace = [span for span in sent if span["trace_id"] == trace_id]
        rows, details, download = read_back(server, trace_id, len(of_trace))
        problems += ["list: " + text for text in differences([_row(span) for span in of_trace], [_listed(row) for row in rows])]
        problems += differences([as_detail(span) for span in of_trace], [from_detail(detail) for detail in details])
        problems += ["download: " + text for text in differences(of_trace, from_otlp(download))]
        problems += [f"span {detail['span_id']} was received {detail['duplicates'] + 1} times" for detail in details if detail["duplicates"]]
    if problems:
        raise Failure(f"{len(problems)} difference(s), the first of them:\n  " + "\n  ".join(problems[:12]))


def _row(span: dict) -> dict:
    return {**{key: span[key] for key in ("trace_id", "span_id", "parent_span_id", "name", "kind", "status", "start")},
            "duration": span["end"] - span["start"], "service": span["resource"].get("service.name", ("", ""))[1]}


def _listed(row: dict) -> dict:
    return {"trace_id": row["trace_id"], "span_id": row["span_id"], "parent_span_id": row["parent_span_id"], "name": row["name"],
            "kind": row["span_kind"], "status": (row["status"], row["status_message"] or ""), "start": int(row["start_unix_nano"]),
            "duration": row["duration_ns"], "service": row["service"]}


def check_agent_tree(sent: list, runs: int, tools: set) -> None:
    """What was sent has the shape of agent runs: agent.run → agent.turn → gen_ai.completion and tool.execute.NAME."""
    by_id = {span["span_id"]: span for span in sent}
    def parent(span):
        return by_id.get(span["parent_span_id"], {}).get("name")
    def named(name):
        return [span for span in sent if span["name"] == name]
    def require(condition, text):
        if not condition:
            raise Failure("what the client sent is not the tree of an agent: " + text)
    require(len(named("agent.run")) == runs, f"{len(named('agent.run'))} agent.run spans, not {runs}")
    require(named("agent.turn") and all(parent(span) == "agent.run" for span in named("agent.turn")), "agent.turn below agent.run")
    completions = [span for span in named("gen_ai.completion") if parent(span) == "agent.turn"]
    require(len(completions) == len(named("agent.turn")), "one gen_ai.completion a turn")
    require(all(span["kind"] == "client" for span in completions), "completions are CLIENT spans")
    found = {span["name"] for span in sent if span["name"].startswith("tool.execute.")}
    require(found == {f"tool.execute.{name}" for name in tools}, f"tools {sorted(tools)}, found {sorted(found)}")
    for span in named("agent.run"):
        for key in ("agent.user_message", "agent.max_turns"):
            require(key in span["attributes"], f"{key} on agent.run")
    for span in named("agent.turn"):
        require("agent.turn_number" in span["attributes"], "agent.turn_number on agent.turn")
    for span in sent:
        if span["name"].startswith("tool.execute."):
            require({"tool.name", "tool.arguments"} <= span["attributes"].keys(), "tool.name and tool.arguments on tools")
