"""What a client sends comes back: five SDKs, span by span, attribute by attribute, type by type."""
import json
import os

import grpc
import odd_spans
from harness import ROOT, Build, Failure, Server, run
from pressure import TRACES
from spans import check_agent_tree, check_intact, from_otlp, read_back, read_record, read_requests

QUESTION = "Was order 1042 charged twice, and how much do we owe the customer?"
FAILING = "Please refund charge ch_1042a in full."
ALL_TOOLS = {"query_database", "search_logs", "calculate"}


def _python(build: Build, server: Server, model: str, directory: str, protocol: str, question: str, expect: int = 0, **environment) -> list:
    record = os.path.join(directory, "spans.jsonl")
    endpoint = server.grpc if protocol == "grpc" else server.http
    run([build.python, str(ROOT / "examples/python/agent.py"), "--protocol", protocol, "--endpoint", f"http://{endpoint}", "--base-url", model,
         "--session", "sess-py", "--user", "user-1", "--dump-spans", record, question], expect, **environment)
    return read_record(record, link_state=False)


def cpp_agent(build, server, model, directory):
    record = os.path.join(directory, "requests.bin")
    done = run([build.example_agent, "--json", "--judge", "--session", "sess-cpp", "--user", "user-2", "--base-url", model,
                "--otlp-endpoint", f"http://{server.http}", "--dump-spans", record, QUESTION])
    sent, told = read_requests(record), json.loads(done.stdout)
    check_agent_tree(sent, 1, ALL_TOOLS)
    root, = [span for span in sent if span["parent_span_id"] is None]
    if (root["trace_id"], root["attributes"]["agent.turns_used"]) != (told["trace_id"], ("int", told["turns"])):
        raise Failure("the agent's own account differs from its root span")
    check_intact(server, sent)


def cpp_demo(build, server, _model, directory):
    """All runs of the demo: errors, links, scores, a queue between services; gzip."""
    record = os.path.join(directory, "requests.bin")
    done = run([build.example_agent, "--demo", "--json", "--otlp-endpoint", f"http://{server.http}", "--dump-spans", record],
               OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    sent = read_requests(record)
    check_agent_tree(sent, len(runs), ALL_TOOLS)
    services = {span["resource"]["service.name"][1] for span in sent}
    if len(services) != 4 or {span["kind"] for span in sent} < {"producer", "consumer", "client", "internal"}:
        raise Failure(f"the demo sent services {services}")
    failed = next(r for r in runs if r["name"] == "failed")
    root, = [span for span in sent if span["span_id"] == failed["root_span_id"]]
    if root["status"][0] != "error" or not any(name == "exception" for _, name, _ in root["events"]):
        raise Failure("the failed run has no error on agent.run")
    check_intact(server, sent)


def python_grpc(build, server, model, directory):
    sent = _python(build, server, model, directory, "grpc", QUESTION)
    check_agent_tree(sent, 1, ALL_TOOLS)
    check_intact(server, sent)


def python_grpc_failed_run(build, server, model, directory):
    """A tool's exception and a model that stays overloaded: exception events with stack traces on every level."""
    sent = _python(build, server, model, directory, "grpc", FAILING, expect=1, OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    check_agent_tree(sent, 1, {"query_database"})
    levels = {span["name"] for span in sent if span["status"][0] == "error"}
    if levels != {"agent.run", "agent.turn", "gen_ai.completion", "tool.execute.query_database"}:
        raise Failure(f"error status on {levels}")
    check_intact(server, sent)


def python_http(build, server, model, directory):
    sent = _python(build, server, model, directory, "http/protobuf", QUESTION)
    check_agent_tree(sent, 1, ALL_TOOLS)
    check_intact(server, sent)


def python_http_gzip(build, server, model, directory):
    sent = _python(build, server, model, directory, "http/protobuf", FAILING, expect=1, OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    check_intact(server, sent)


def node_http_json(build, server, model, directory):
    record = os.path.join(directory, "spans.jsonl")
    run(["node", str(ROOT / "examples/clients/node/agent.mjs"), "--endpoint", f"http://{server.http}", "--base-url", model, "--odd",
         "--dump-spans", record, "What is (1042 - 42) / 8?"])
    sent = read_record(record)
    check_agent_tree(sent, 1, {"calculate"})
    check_intact(server, sent)


def go_grpc(build, server, model, directory):
    record = os.path.join(directory, "spans.jsonl")
    run([build.go_agent, "--endpoint", server.grpc, "--base-url", model, "--odd", "--dump-spans", record, "What is (1042 - 42) / 8?"])
    sent = read_record(record, link_state=False)
    check_agent_tree(sent, 1, {"calculate"})
    check_intact(server, sent)


def curl_json(_build, server, _model, _directory):
    trace_id = run(["bash", str(ROOT / "examples/clients/curl/send.sh"), f"http://{server.http}"]).stdout.strip()
    rows, _, download = read_back(server, trace_id, 3)
    check_agent_tree(from_otlp(download), 1, set())
    if [row["duration_ns"] for row in rows] != [1_500_000_000, 1_498_000_000, 1_496_000_000]:
        raise Failure(f"durations {[row['duration_ns'] for row in rows]}")


def python_odd_values(protocol):
    def case(_build, server, _model, directory):
        record = os.path.join(directory, "spans.jsonl")
        odd_spans.send(protocol, f"http://{server.grpc if protocol == 'grpc' else server.http}", record)
        check_intact(server, read_record(record, link_state=False))
    return case


def every_field(_build, server, _model, directory):
    """What no SDK's API can say: every field of trace.proto and every kind of value, nested, by the official protobuf package."""
    requests = odd_spans.every_field()
    with grpc.insecure_channel(server.grpc) as channel:
        for request in requests:
            channel.unary_unary(TRACES)(request.SerializeToString(), timeout=30)
    record = os.path.join(directory, "requests.bin")
    with open(record, "wb") as out:
        for request in requests:
            out.write(request.ByteSize().to_bytes(4, "big") + request.SerializeToString())
    check_intact(server, read_requests(record))


CASES = [
    ("C++ SDK agent over HTTP/protobuf", cpp_agent),
    ("C++ SDK demo, ten runs and a queue, gzip", cpp_demo),
    ("Python SDK agent over gRPC", python_grpc),
    ("Python SDK failed run over gRPC, gzip", python_grpc_failed_run),
    ("Python SDK agent over HTTP/protobuf", python_http),
    ("Python SDK failed run over HTTP/protobuf, gzip", python_http_gzip),
    ("Node SDK agent and odd values over HTTP/JSON", node_http_json),
    ("Go SDK agent and odd values over gRPC", go_grpc),
    ("curl over HTTP/JSON", curl_json),
    ("every field of trace.proto over gRPC", every_field),
    ("Python SDK odd values over gRPC", python_odd_values("grpc")),
    ("Python SDK odd values over HTTP/protobuf", python_odd_values("http/protobuf")),
]
