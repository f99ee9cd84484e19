"""Real Collector → Turnscope → real Collector → recorder, and → Jaeger: what was recorded of real clients goes through unchanged."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

import harness
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from recorder import HttpRecorder, spans_of

FIXTURES = sorted((harness.ROOT / "tests/fixtures/otlp").rglob("*.pb"))


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


class Process:
    """A program that answers on a port; what it says is shown if it fails."""

    def __init__(self, command, port, folder, name, seconds=harness.PATIENCE, environment=None):
        self.log = open(os.path.join(folder, name + ".log"), "w+b")
        self.name = name
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, **(environment or {})})
        try:
            harness.wait_for(lambda: self._up(port), f"{name} listens", seconds)
        except BaseException:
            self.stop()
            raise

    def _up(self, port):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise harness.Failure(f"{self.name} ended with {self.process.returncode}\n{self.log.read()[-3000:].decode(errors='replace')}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def collector(deps, folder, name, exporter):
    grpc, http = free_ports(2)
    config = {"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}, "http": {"endpoint": f"127.0.0.1:{http}"}}}},
              "exporters": exporter,
              "service": {"telemetry": {"metrics": {"level": "none"}},
                          "pipelines": {"traces": {"receivers": ["otlp"], "exporters": list(exporter)}}}}
    path = pathlib.Path(folder) / f"{name}.yaml"
    path.write_text(json.dumps(config))  # JSON is YAML
    return Process([str(deps / "bin/otel_collector"), "--config", f"file:{path}"], http, folder, name), grpc, http


def jaeger(deps, folder):
    grpc, http, query, query_grpc, health = free_ports(5)
    config = {"service": {"extensions": ["jaeger_storage", "jaeger_query"], "telemetry": {"metrics": {"level": "none"}},
                          "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}}},
              "extensions": {"jaeger_query": {"storage": {"traces": "memory"}, "http": {"endpoint": f"127.0.0.1:{query}"},
                                              "grpc": {"endpoint": f"127.0.0.1:{query_grpc}"}},
                             "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 100000}}}}},
              "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}, "http": {"endpoint": f"127.0.0.1:{http}"}}}},
              "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}}}
    path = pathlib.Path(folder) / "jaeger.yaml"
    path.write_text(json.dumps(config))
    return Process([str(deps / "bin/jaeger"), "--config", f"file:{path}"], query, folder, "jaeger"), grpc, query


def turnscope(binary, folder, settings):
    command = [binary, "serve", "--data", os.path.join(folder, "data")]
    for port in ("grpc", "http", "ui"):
        command += [f"--listen-{port}", "127.0.0.1:0"]
    for setting in ["log_level=warn", "store.enabled=false", *settings]:
        command += ["--set", setting]
    return harness.Program(command, "turnscope serve")


def post(port, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/traces", body, {"content-type": "application/x-protobuf"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def sent_fixtures(port):
    requests = []
    for path in FIXTURES:
        body = path.read_bytes()
        try:
            request = ExportTraceServiceRequest.FromString(body)
        except DecodeError:
            continue  # broken on purpose: what comes of it cannot be compared
        if not all(len(trace) == 32 and len(span) == 16 for trace, span in spans_of([request])[0]):
            continue  # log records, which have the same shape on the wire
        post(port, body)
        requests.append(request)
    return requests


def collector_to_collector(binary, deps, protocol):
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        recorder = HttpRecorder()
        stack.callback(recorder.stop)
        second, second_grpc, second_http = collector(deps, folder, "second", {"otlphttp": {"endpoint": f"http://127.0.0.1:{recorder.port}"}})
        stack.callback(second.stop)
        e = "exporters.0."
        there = second_grpc if protocol == "grpc" else second_http
        ours = turnscope(binary, folder, [e + "name=second", e + f"protocol={protocol}", e + f"endpoint=http://127.0.0.1:{there}"])
        stack.callback(ours.stop)
        target = ({"otlp": {"endpoint": ours.ready["grpc"], "tls": {"insecure": True}}} if protocol == "grpc"
                  else {"otlphttp": {"endpoint": "http://" + ours.ready["http"]}})
        first, _, first_http = collector(deps, folder, "first", target)
        stack.callback(first.stop)
        requests = sent_fixtures(first_http)
        want, _ = spans_of(requests)
        if len(want) < 200:
            raise harness.Failure(f"only {len(want)} spans of the fixtures could be sent")
        harness.wait_for(lambda: want.keys() <= spans_of([b for _, _, b in recorder.seen()])[0].keys(), "all spans reach the recorder")
        got, times = spans_of([b for _, _, b in recorder.seen()])
        different = [k for k in want if got[k] != want[k]]
        if different:
            raise harness.Failure(f"{len(different)} of {len(want)} spans changed on the way, first {different[0]}\n{want[different[0]]}\n{got[different[0]]}")
        repeated = [k for k, n in times.items() if n != spans_of(requests)[1][k]]
        if repeated:
            raise harness.Failure(f"{len(repeated)} spans came more often than they were sent")


def to_jaeger(binary, deps):
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        there, grpc, query = jaeger(deps, folder)
        stack.callback(there.stop)
        e = "exporters.0."
        ours = turnscope(binary, folder, [e + "name=jaeger", e + "protocol=grpc", e + f"endpoint=http://127.0.0.1:{grpc}"])
        stack.callback(ours.stop)
        first, _, first_http = collector(deps, folder, "first", {"otlp": {"endpoint": ours.ready["grpc"], "tls": {"insecure": True}}})
        stack.callback(first.stop)
        want, _ = spans_of(sent_fixtures(first_http))
        traces = {}
        for trace, span in want:
            traces.setdefault(trace, set()).add(span)

        def found(trace):
            with contextlib.suppress(urllib.error.HTTPError):
                with urllib.request.urlopen(f"http://127.0.0.1:{query}/api/traces/{trace}", timeout=30) as answer:
                    data = json.load(answer)["data"]
                    return {s["spanID"] for t in data for s in t["spans"]}
            return set()
        for trace, spans in traces.items():
            harness.wait_for(lambda t=trace, s=spans: s <= found(t), f"Jaeger shows all spans of trace {trace}")


CASES = [
    ("Collector → Turnscope → Collector over gRPC", lambda b, d: collector_to_collector(b, d, "grpc")),
    ("Collector → Turnscope → Collector over HTTP", lambda b, d: collector_to_collector(b, d, "http")),
    ("Collector → Turnscope → Jaeger", to_jaeger),
]
