"""Turnscope → a real Phoenix: what was recorded of real clients, in Phoenix's own dialect, as Phoenix answers for it."""
import contextlib
import json
import tempfile
import urllib.parse
import urllib.request

import chain
import harness
from recorder import spans_of


def phoenix(deps, folder):
    http, grpc = chain.free_ports(2)
    where = {"PHOENIX_WORKING_DIR": folder, "PHOENIX_HOST": "127.0.0.1", "PHOENIX_PORT": str(http), "PHOENIX_GRPC_PORT": str(grpc),
             "PHOENIX_TELEMETRY_ENABLED": "false", "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false"}
    return chain.Process([str(deps / "venv-phoenix/bin/phoenix"), "serve"], http, folder, "phoenix", 240, where), http


def spans_in(port):
    """(trace id, span id) → span, over all pages and projects."""
    def get(path, **query):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/{path}?{urllib.parse.urlencode(query)}", timeout=60) as answer:
            return json.load(answer)
    found = {}
    for project in get("projects")["data"]:
        query = {"limit": 1000}
        while True:
            page = get(f"projects/{urllib.parse.quote(project['id'])}/spans", **query)
            found |= {(s["context"]["trace_id"], s["context"]["span_id"]): s for s in page["data"]}
            if not page.get("next_cursor"):
                break
            query["cursor"] = page["next_cursor"]
    return found


def to_phoenix(binary, deps):
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        there, port = phoenix(deps, folder)
        stack.callback(there.stop)
        e = "exporters.0."
        ours = chain.turnscope(binary, folder, [e + "name=phoenix", e + f"endpoint=http://127.0.0.1:{port}", e + "dialect=openinference", e + "compression=gzip"])
        stack.callback(ours.stop)
        want, _ = spans_of(chain.sent_fixtures(ours.ready["http"].rsplit(":", 1)[1]))
        harness.wait_for(lambda: want.keys() <= spans_in(port).keys(), "Phoenix lists all spans", 120)
        kinds = {}
        for key, span in spans_in(port).items():
            if key in want:
                kinds.setdefault(span["span_kind"], []).append(span)
        for kind in ("LLM", "TOOL", "AGENT"):
            if not kinds.get(kind):
                raise harness.Failure(f"Phoenix shows no span as {kind}: {({k: len(v) for k, v in kinds.items()})}")
        calls = kinds["LLM"]
        told = [s for s in calls if s["attributes"].get("llm.model_name") and s["attributes"].get("llm.token_count.prompt")]
        if len(told) < len(calls) / 2:
            raise harness.Failure(f"only {len(told)} of {len(calls)} model calls have a model and tokens in Phoenix")


CASES = [("Turnscope → Phoenix", to_phoenix)]
