"""Requests by hand: OTLP/HTTP over plain sockets, and spans as OTLP/JSON."""
import http.client
import json
import os
import socket
import time


def post(port, body, content_type="application/x-protobuf", path="/v1/traces", headers=None, timeout=60):
    """status, headers, body of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", path, body, {"Content-Type": content_type, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
    finally:
        connection.close()


def get(port, path, headers=None, timeout=60):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
    finally:
        connection.close()


def raw(port, data, timeout=10):
    """Sends bytes as they are; what came back until the server closed or was silent for `timeout`, and whether it closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        try:
            s.sendall(data)
        except OSError:
            pass
        out = b""
        while True:
            try:
                piece = s.recv(65536)
            except socket.timeout:
                return out, False
            except OSError:
                return out, True
            if not piece:
                return out, True
            out += piece


def span(name="n", trace_id=None, span_id=None, start=None, end=None, attributes=None, **more):
    """One span as OTLP/JSON; `attributes` are key → AnyValue object."""
    now = time.time_ns()
    out = {"traceId": trace_id or os.urandom(16).hex(), "spanId": span_id or os.urandom(8).hex(), "name": name, "kind": 1,
           "startTimeUnixNano": str(now if start is None else start), "endTimeUnixNano": str(now + 1000 if end is None else end)}
    if attributes:
        out["attributes"] = [{"key": k, "value": v} for k, v in attributes.items()]
    out.update(more)
    return out


def request(spans, service="odd"):
    return {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                               "scopeSpans": [{"scope": {"name": "odd"}, "spans": spans}]}]}


def send_json(port, spans, service="odd"):
    status, headers, body = post(port, json.dumps(request(spans, service)).encode(), "application/json")
    return status, headers, json.loads(body or b"{}")


def fresh(http_port, observer, within=5.0):
    """A new span: seconds until it can be asked for, or None if not within `within` (F37)."""
    one = span("fresh")
    while True:
        began = time.monotonic()
        status, headers, _ = send_json(http_port, [one], "fresh")
        if status == 200:
            break
        if status != 503:
            return None
        time.sleep(min(1.0, float(headers.get("retry-after", "1"))))
    while time.monotonic() - began < within:
        if observer.trace(one["traceId"])[0]:
            return time.monotonic() - began
        time.sleep(0.02)
    return None
