"""Every kind of refusal, seen by real clients: the right code, a message that names the limit, and a delay that is honoured."""
import gzip
import json
import os
import subprocess
import sys
import threading
import time

import grpc
from google.rpc import status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

import taps
from harness import ROOT, Failure, Server, run, wait_for
from pressure import TRACES, Flood, StuckUpload
from spans import check_intact, read_record, read_requests

sys.path.insert(0, str(ROOT / "examples/python"))
import agent as example  # noqa: E402

# --- clients: each sends through a tap and returns the path of its record ---


def python_client(protocol: str, bytes_: int = 300, spans: int = 1):
    def send(_build, address, _model, record):
        provider = example.make_provider(protocol, f"http://{address}", "refused-python", record)
        tracer = provider.get_tracer("refusals", "1")
        for number in range(spans):
            with tracer.start_as_current_span(f"span {number}") as span:
                span.set_attribute("payload", os.urandom(bytes_ // 2).hex())
        provider.shutdown()
        return read_record(record, link_state=False)
    return send


def cpp_client(build, address, model, record):
    run([build.example_agent, "--json", "--base-url", model, "--otlp-endpoint", f"http://{address}", "--dump-spans", record, "What is 6 * 7?"],
        expect=None)
    return read_requests(record)


def node_client(build, address, model, record):
    run(["node", str(ROOT / "examples/clients/node/agent.mjs"), "--endpoint", f"http://{address}", "--base-url", model, "--odd",
         "--dump-spans", record], expect=None)
    return read_record(record)


def go_client(build, address, model, record):
    run([build.go_agent, "--endpoint", address, "--base-url", model, "--odd", "--dump-spans", record], expect=None)
    return read_record(record, link_state=False)


# --- one request, told off once ---

def _tap(server: Server, protocol: str):
    return taps.GrpcTap(server.grpc) if protocol == "grpc" else taps.HttpTap(server.http)


def _check_status_body(attempt: taps.Attempt) -> None:
    if attempt.content_type and attempt.content_type.split(";")[0] != attempt.request_type.split(";")[0]:
        raise Failure(f"the error came as {attempt.content_type}, the request was {attempt.request_type}")
    if attempt.message.startswith("("):
        raise Failure(f"the error's body: {attempt.message}")


def refused_once(protocol, client, settings, code, words, retried_by_client=False):
    """The request is refused for good: no delay is offered, and the client does not send it again."""
    def case(build, _server, model, directory):
        server = build.servers.get(settings)
        refused_before = server.refused()
        tap = _tap(server, protocol)
        try:
            client(build, tap.address, model, os.path.join(directory, "record"))
            attempts = tap.attempts("race")
        finally:
            tap.stop()
        # What is small enough is taken; a client may send several batches.
        attempts = [attempt for attempt in attempts if attempt.code not in ("200", "OK")]
        if not attempts:
            raise Failure("nothing was refused")
        for attempt in attempts:
            if attempt.code != code:
                raise Failure(f"answered {attempt.code}, not {code}: {attempt.message}")
            if attempt.retry_after is not None:
                raise Failure(f"a delay of {attempt.retry_after} s is offered for what cannot help")
            missing = [word for word in words if word not in attempt.message]
            if missing:
                raise Failure(f"the message lacks {missing}: {attempt.message!r}")
            _check_status_body(attempt)
        requests = [attempt.request for attempt in attempts]
        if not retried_by_client and len(set(requests)) != len(requests):
            raise Failure(f"the client sent a refused request again: {len(requests)} requests, {len(set(requests))} different ones")
        # gRPC itself refuses a message that is too long, before the receiver sees it.
        counted = server.refused() - refused_before
        if protocol == "http" and counted < len(attempts):
            raise Failure(f"health counts {counted} refused requests, there were {len(attempts)}")
    return case


def overloaded(protocol, client, settings, pressure, code, honours_delay=True):
    """The client is asked to wait, waits, and what it then sends again is there once."""
    def case(build, _server, model, directory):
        server = build.servers.get(settings)
        tap = _tap(server, protocol)
        push = pressure(server)
        try:
            result = {"sent": []}
            def refused():
                return any(attempt.code == code for attempt in tap.attempts("race"))
            def work():
                try:
                    # A flood leaves gaps: a client that slipped through one is started again.
                    while not refused() and not result.get("late"):
                        result["sent"] += client(build, tap.address, model, os.path.join(directory, "record"))
                except BaseException as failure:  # told by the case's own thread
                    result["failure"] = failure
            worker = threading.Thread(target=work)
            worker.start()
            try:
                wait_for(lambda: refused() or "failure" in result, f"an answer {code}")
            finally:
                result["late"] = True
                push.release()
                worker.join()
            if "failure" in result:
                raise result["failure"]
            attempts = tap.attempts("race")
        finally:
            tap.stop()
        _check_overload(attempts, code, honours_delay)
        check_intact(server, result["sent"])
    return case


def _check_overload(attempts, code, honours_delay):
    by_request = {}
    for attempt in attempts:
        by_request.setdefault(attempt.request, []).append(attempt)
    refusals = 0
    for tries in by_request.values():
        if tries[-1].code not in ("200", "OK"):
            raise Failure(f"the client gave up after {[a.code for a in tries]}")
        for before, after in zip(tries, tries[1:]):
            refusals += 1
            if before.code != code:
                raise Failure(f"answered {before.code}, not {code}: {before.message}")
            if not before.retry_after or not before.message:
                raise Failure(f"a refusal without a delay or a message: {before}")
            _check_status_body(before)
            waited = after.asked - before.at
            # 50 ms: the tap's own clock readings and the client's rounding.
            if honours_delay and waited < before.retry_after - 0.05:
                raise Failure(f"asked to wait {before.retry_after} s, the client came back after {waited:.2f} s")
    if not refusals:
        raise Failure("no request was refused and sent again")


# --- partial success ---

def partial(protocol, client, settings, rejected, words):
    """Some spans are refused: the answer says how many and why, and the client does not send them again."""
    def case(build, _server, model, directory):
        server = build.servers.get(settings)
        tap = _tap(server, protocol)
        try:
            sent = client(build, tap.address, model, os.path.join(directory, "record"))
            attempts = tap.attempts("race")
        finally:
            tap.stop()
        if len(attempts) != 1 or attempts[0].code not in ("200", "OK"):
            raise Failure(f"one accepted request was expected: {[(a.code, a.message) for a in attempts]}")
        if attempts[0].content_type.startswith("application/json"):
            answer = json.loads(attempts[0].response).get("partialSuccess", {})
            count, why = int(answer.get("rejectedSpans", 0)), answer.get("errorMessage", "")
        else:
            answer = ExportTraceServiceResponse.FromString(attempts[0].response).partial_success
            count, why = answer.rejected_spans, answer.error_message
        if count != rejected(len(sent)):
            raise Failure(f"{count} spans rejected, {rejected(len(sent))} expected ({why!r})")
        missing = [word for word in words if word not in why]
        if missing:
            raise Failure(f"the reason lacks {missing}: {why!r}")
    return case


# --- bytes that cannot be understood, from curl and from grpcio ---

def _valid(**fields) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    span = of_resource.scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = os.urandom(16), os.urandom(8), "valid"
    span.start_time_unix_nano = span.end_time_unix_nano = time.time_ns()
    for name, value in fields.items():
        setattr(span, name, value)
    return request


def curl(server: Server, body: bytes, *options: str, path: str = "/v1/traces", method: str = "POST"):
    """(status, content type, headers, body) of a request made with curl."""
    command = ["curl", "-sS", "--max-time", "30", "-X", method, "-D", "/dev/stderr", "-o", "-", "--data-binary", "@-", "-H", "Expect:",
               *options, f"http://{server.http}{path}"]
    done = subprocess.run(command, input=body, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise Failure(f"curl ended with {done.returncode}: {done.stderr[-300:]!r}")
    lines = done.stderr.decode().replace("\r", "").strip().split("\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, done.stdout


PROTOBUF, JSON = ("-H", "Content-Type: application/x-protobuf"), ("-H", "Content-Type: application/json")


def http_refusal(status: int, grpc_code: int, body, options, words=(), path="/v1/traces", method="POST"):
    def case(_build, server, _model, _directory):
        code, headers, answer = curl(server, body() if callable(body) else body, *options, path=path, method=method)
        asked = next((o.split(": ")[1] for o in options if o.lower().startswith("content-type")), "application/json")
        told = headers.get("content-type", "")
        expected = asked if asked in ("application/x-protobuf", "application/json") else "application/json"
        if (code, told.split(";")[0]) != (status, expected):
            raise Failure(f"answered {code} {told}, not {status} {expected}: {answer[:300]!r}")
        if told.startswith("application/json"):
            decoded = json.loads(answer)
            got, message = decoded["code"], decoded["message"]
        else:
            decoded = status_pb2.Status.FromString(answer)
            got, message = decoded.code, decoded.message
        if got != grpc_code or not message or [word for word in words if word not in message]:
            raise Failure(f"google.rpc.Status has code {got} and message {message!r}; expected {grpc_code} and {words}")
        if "retry-after" in headers:
            raise Failure("a Retry-After for what cannot help")
    return case


def http_accepted(body, options, spans=1):
    """What must not be refused: empty requests, unknown fields, encodings."""
    def case(_build, server, _model, _directory):
        before = server.api("/api/v1/health")["ingest"]["accepted_spans"]
        code, headers, answer = curl(server, body() if callable(body) else body, *options)
        asked = next(o.split(": ")[1] for o in options if o.startswith("Content-Type"))
        empty = answer == b"" if asked == "application/x-protobuf" else json.loads(answer) == {}
        if code != 200 or headers.get("content-type") != asked or not empty:
            raise Failure(f"answered {code} {headers.get('content-type')} {answer[:300]!r}")
        wait_for(lambda: server.api("/api/v1/health")["ingest"]["accepted_spans"] == before + spans, f"{spans} more accepted span(s)", 10)
    return case


def grpc_refusal(code: str, body: bytes, words=(), method=TRACES):
    def case(_build, server, _model, _directory):
        with grpc.insecure_channel(server.grpc) as channel:
            try:
                channel.unary_unary(method)(body, timeout=30)
            except grpc.RpcError as error:
                if error.code().name != code or [word for word in words if word not in error.details()]:
                    raise Failure(f"answered {error.code().name} {error.details()!r}, expected {code} and {words}") from None
                if taps.retry_info(taps.status_in(error)) is not None:
                    raise Failure("RetryInfo for what cannot help") from None
                return
        raise Failure("the call was accepted")
    return case


def _json(document) -> bytes:
    return json.dumps(document).encode()


JSON_SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "json", "kind": 2,
             "startTimeUnixNano": "1795360772548583189", "endTimeUnixNano": 1795360772548583190, "unknownField": {"deep": [1]},
             "attributes": [{"key": "null", "value": {"doubleValue": None}}]}
CUT_PROTOBUF = _valid().SerializeToString()[:-3]
NESTED_JSON = b'{"resourceSpans":' + b"[" * 100_000

SMALL = {"limits.request_bytes": "4KiB"}
FEW = {"limits.spans_per_request": "3"}
TIGHT = {"limits.in_flight_bytes": "256KiB", "limits.request_bytes": "256KiB", "limits.hold": "50ms"}
NARROW = {"limits.in_flight_bytes": "16KiB", "limits.hold": "1ms"}


def stuck(server):
    return StuckUpload(server.http, 250 << 10)


def flood(server):
    return Flood(server.grpc)


CASES = [
    # too large: gRPC RESOURCE_EXHAUSTED without RetryInfo, HTTP 413
    ("too large, Go over gRPC: RESOURCE_EXHAUSTED, not sent again", refused_once("grpc", go_client, SMALL, "RESOURCE_EXHAUSTED", ["4096"])),
    # opentelemetry-python sends RESOURCE_EXHAUSTED again whatever the answer says; the answer is right all the same.
    ("too large, Python over gRPC: RESOURCE_EXHAUSTED without RetryInfo",
     refused_once("grpc", python_client("grpc", 9_000), SMALL, "RESOURCE_EXHAUSTED", ["4096"], retried_by_client=True)),
    ("too large, Python over HTTP: 413, not sent again",
     refused_once("http", python_client("http/protobuf", 9_000), SMALL, "413", ["4096"])),
    ("too large, Node over HTTP/JSON: 413 in JSON, not sent again",
     refused_once("http", node_client, SMALL, "413", ["4096"])),
    ("too large, C++ SDK over HTTP: 413, not sent again", refused_once("http", cpp_client, {"limits.request_bytes": "1KiB"}, "413",
                                                                      ["1024"])),
    # overload: UNAVAILABLE with RetryInfo, 503 with Retry-After; the client waits and is then heard
    ("overload, Python over HTTP: 503, Retry-After honoured", overloaded("http", python_client("http/protobuf", 30_000), TIGHT, stuck, "503")),
    ("overload, Node over HTTP/JSON: 503, Retry-After honoured", overloaded("http", node_client, TIGHT, stuck, "503")),
    ("overload, C++ SDK over HTTP: 503, Retry-After honoured", overloaded("http", cpp_client, TIGHT, stuck, "503")),
    ("overload, Go over gRPC: UNAVAILABLE, RetryInfo honoured", overloaded("grpc", go_client, NARROW, flood, "UNAVAILABLE")),
    # opentelemetry-python looks for RetryInfo in metadata of its own invention and falls back on its own delays.
    ("overload, Python over gRPC: UNAVAILABLE, sent again",
     overloaded("grpc", python_client("grpc", 30_000), NARROW, flood, "UNAVAILABLE", honours_delay=False)),
    # partial success
    ("partial success, Python over gRPC", partial("grpc", python_client("grpc", 100, 5), FEW, lambda n: n - 3, ["3", "limits.spans_per_request"])),
    ("partial success, Python over HTTP", partial("http", python_client("http/protobuf", 100, 5), FEW, lambda n: n - 3,
                                                  ["3", "limits.spans_per_request"])),
    ("partial success, Node over HTTP/JSON", partial("http", node_client, FEW, lambda n: n - 3, ["3", "limits.spans_per_request"])),
    ("partial success, Go over gRPC", partial("grpc", go_client, FEW, lambda n: n - 3, ["3", "limits.spans_per_request"])),
    # bytes that cannot be understood
    ("malformed protobuf over gRPC: INVALID_ARGUMENT", grpc_refusal("INVALID_ARGUMENT", CUT_PROTOBUF)),
    ("unknown method over gRPC: UNIMPLEMENTED", grpc_refusal("UNIMPLEMENTED", b"", method="/opentelemetry.proto.collector.trace.v1.TraceService/Nothing")),
    ("malformed protobuf over HTTP: 400 in protobuf", http_refusal(400, 3, CUT_PROTOBUF, PROTOBUF)),
    ("malformed JSON: 400 in JSON", http_refusal(400, 3, b'{"resourceSpans": [', JSON)),
    ("JSON of another shape: 400 in JSON", http_refusal(400, 3, _json({"resourceSpans": 7}), JSON)),
    ("JSON nested without end: 400 in JSON", http_refusal(400, 3, NESTED_JSON, JSON)),
    ("broken gzip: 400", http_refusal(400, 3, gzip.compress(b"x" * 1000)[:-6], (*PROTOBUF, "-H", "Content-Encoding: gzip"))),
    ("gzip that grows past the limit: 413",
     http_refusal(413, 8, lambda: gzip.compress(bytes(80 << 20), 1), (*PROTOBUF, "-H", "Content-Encoding: gzip"), ["limits.request_bytes"])),
    ("unknown content type: 415", http_refusal(415, 3, b"x", ("-H", "Content-Type: text/plain"), ["application/x-protobuf"])),
    ("unknown content encoding: 415", http_refusal(415, 3, b"x", (*PROTOBUF, "-H", "Content-Encoding: br"), ["gzip"])),
    ("unknown path: 404", http_refusal(404, 5, b"", PROTOBUF, ["/v1/traces"], path="/v1/spans")),
    ("GET: 405", http_refusal(405, 12, b"", JSON, ["POST"], method="GET")),
    ("a web page of another origin: 403", http_refusal(403, 7, _json({}), (*JSON, "-H", "Origin: https://evil.example"), ["cors_origins"])),
    ("a foreign Host name: 403", http_refusal(403, 7, _json({}), (*JSON, "-H", "Host: evil.example"), ["allowed_hosts"])),
    # what must be accepted
    ("an empty request is fine", http_accepted(b"", PROTOBUF, 0)),
    ("an empty JSON request is fine", http_accepted(b"{}", JSON, 0)),
    ("unknown fields and null values are ignored", http_accepted(_json({"resourceSpans": [{"scopeSpans": [{"spans": [JSON_SPAN]}], "new": 1}]}), JSON)),
    ("gzip is understood", http_accepted(lambda: gzip.compress(_valid().SerializeToString()), (*PROTOBUF, "-H", "Content-Encoding: gzip"))),
]
