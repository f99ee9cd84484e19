"""Each recipe of docs/export.md, as it stands there, against a recorder: path, headers and spans that would reach the backend."""
import contextlib
import os
import re
import tempfile

import chain
import harness
from recorder import GrpcRecorder, HttpRecorder, spans_of

# What the backends' own documents ask for: path, and header → value (from the environment below).
EXPECTED = {
    "collector": (None, {}),
    "jaeger": (None, {}),
    "tempo": (None, {"x-scope-orgid": "team"}),
    "grafana-cloud": ("/otlp/v1/traces", {"authorization": "Basic Z3JhZmFuYTp0b2tlbg=="}),
    "langfuse": ("/api/public/otel/v1/traces", {"authorization": "Basic cGstbGY6c2stbGY="}),
    "phoenix": ("/v1/traces", {}),
    "langsmith": ("/otel/v1/traces", {"x-api-key": "lsv2_test_key", "langsmith-project": "agents"}),
    "weave": ("/otel/v1/traces", {"authorization": "Basic YXBpOndhbmRi", "project_id": "team/agents"}),
    "datadog": ("/v1/traces", {}),
    "newrelic": ("/v1/traces", {"api-key": "nr_test_key"}),
    "honeycomb": ("/v1/traces", {"x-honeycomb-team": "hc_test_key"}),
}
KEYS = {"GRAFANA_CLOUD_AUTH": "Z3JhZmFuYTp0b2tlbg==", "LANGFUSE_AUTH": "cGstbGY6c2stbGY=", "LANGSMITH_API_KEY": "lsv2_test_key",
        "WANDB_AUTH": "YXBpOndhbmRi", "NEW_RELIC_LICENSE_KEY": "nr_test_key", "HONEYCOMB_API_KEY": "hc_test_key"}


def recipes():
    page = (harness.ROOT / "docs/export.md").read_text()
    block = re.search(r"## Recipes.*?```yaml\n(.*?)```", page, re.S).group(1)
    return {re.search(r"name: ([\w-]+)", line).group(1): line for line in block.splitlines() if line.lstrip().startswith("- {name:")}


def recipe(binary, name, line):
    path, headers = EXPECTED[name]
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        recorder = GrpcRecorder() if "protocol: grpc" in line else HttpRecorder()
        stack.callback(recorder.stop)
        # Only where it goes is changed, to this machine; everything else stays as the page has it.
        line = re.sub(r'endpoint: "https?://[^/"]+', f'endpoint: "http://127.0.0.1:{recorder.port}', line)
        config = os.path.join(folder, "turnscope.yaml")
        with open(config, "w") as f:
            f.write("exporters:\n" + line + "\n")
        stack.enter_context(environment(KEYS))
        ours = harness.Program([binary, "serve", "--data", os.path.join(folder, "data"), "--config", config, "--listen-grpc", "127.0.0.1:0",
                                "--listen-http", "127.0.0.1:0", "--listen-ui", "127.0.0.1:0", "--set", "store.enabled=false", "--set", "log_level=warn"], "turnscope serve")
        stack.callback(ours.stop)
        want, _ = spans_of(chain.sent_fixtures(ours.ready["http"].rsplit(":", 1)[1]))
        harness.wait_for(lambda: want.keys() <= spans_of([b for _, _, b in recorder.seen()])[0].keys(), f"all spans reach {name}")
        for at, sent, _ in recorder.seen():
            if path is not None and at != path:
                raise harness.Failure(f"{name}: sent to {at}, expected {path}")
            for key, value in headers.items():
                if sent.get(key) != value:
                    raise harness.Failure(f"{name}: header {key} is {sent.get(key)!r}, expected {value!r}")
        got, _ = spans_of([b for _, _, b in recorder.seen()])
        if "dialect" not in line and got != want:
            raise harness.Failure(f"{name}: spans changed on the way")
        if "dialect: openinference" in line and not any(b"openinference.span.kind" in s[2] for s in got.values()):
            raise harness.Failure(f"{name}: no span says what kind it is")


@contextlib.contextmanager
def environment(values):
    before = {k: os.environ.get(k) for k in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})


def every_recipe_is_known(_binary, _deps):
    if set(recipes()) != set(EXPECTED):
        raise harness.Failure(f"docs/export.md and this table differ: {set(recipes()) ^ set(EXPECTED)}")


CASES = [("recipes: each has its expectation", every_recipe_is_known)]
CASES += [(f"recipe {name}", lambda b, d, n=name, l=line: recipe(b, n, l)) for name, line in recipes().items()]
