"""The GenAI libraries as they are, each through one conversation with the scripted model, compared with what it must look like on screen.

All clients start when the first case is asked for, some at a time; a case waits for its own."""
import concurrent.futures
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))
import model  # noqa: E402
from harness import DEPS, Failure, run, wait_for  # noqa: E402

GPT, CLAUDE = "gpt-4o-mini", "claude-sonnet-4-5"
# Of both calls together, as the vendor has them; cached and thought tokens are parts of the whole.
OPENAI = {"input": 320, "output": 42, "cache_read": 80, "reasoning": 10}
ANTHROPIC = {"input": 336, "output": 42, "cache_read": 80, "cache_write": 16}
# A stream is one call, which answers at once: the counts of a first call.
OPENAI_ONE = {"input": 120, "output": 30, "cache_read": 80, "reasoning": 10}
ANTHROPIC_ONE = {"input": 136, "output": 30, "cache_read": 80, "cache_write": 16}


class Expected:
    def __init__(self, provider, model_name, usage, calls=2, tool=False, agent=False, withheld=(), logs=False):
        self.provider, self.model, self.usage, self.calls = provider, model_name, usage, calls
        self.tool = tool          # the library traces the tool's execution
        self.agent = agent        # … and the agent
        self.withheld = withheld  # counts that it does not send: they must not be made up
        self.logs = logs          # its messages are log records


EXPECTED = {
    "openllmetry-anthropic": Expected("anthropic", CLAUDE, ANTHROPIC),
    # The library adds the one token of a stream's first event to the count of its last: 31 is what it sends. The span of the
    # vendor's SDK inside says 30 and is the same call.
    "openllmetry-anthropic-stream": Expected("anthropic", CLAUDE, {**ANTHROPIC_ONE, "output": 31}, calls=1),
    "openllmetry-openai": Expected("openai", GPT, OPENAI),
    "openllmetry-openai-stream": Expected("openai", GPT, OPENAI_ONE, calls=1, withheld=("reasoning",)),
    "openinference-anthropic": Expected("anthropic", CLAUDE, ANTHROPIC),
    "openinference-anthropic-stream": Expected("anthropic", CLAUDE, ANTHROPIC_ONE, calls=1),
    "openinference-openai": Expected("openai", GPT, OPENAI),
    "openinference-openai-stream": Expected("openai", GPT, OPENAI_ONE, calls=1),
    "openinference-langchain": Expected("openai", GPT, OPENAI, tool=True),
    "openai-v2": Expected("openai", GPT, OPENAI, withheld=("cache_read", "reasoning")),
    "openai-v2-events": Expected("openai", GPT, OPENAI, withheld=("cache_read", "reasoning"), logs=True),
    "langfuse": Expected(None, GPT, OPENAI, agent=True),
    "pydantic-ai": Expected("openai", GPT, OPENAI, tool=True, agent=True),
    "langchain": Expected("openai", GPT, OPENAI, tool=True),
    "openai-agents": Expected("openai", GPT, OPENAI, tool=True, agent=True),
    "vercel-ai": Expected("openai", GPT, OPENAI, tool=True, agent=True),
}


class Clients:
    """Every client's run, begun at once, a few at a time."""

    def __init__(self):
        self._runs, self._model = {}, None

    def of(self, name, server):
        if not self._runs:
            self._model = model.Model(server.http)
            pool = concurrent.futures.ThreadPoolExecutor(max(2, (os.cpu_count() or 2)))
            self._runs = {each: pool.submit(self._run, each, server) for each in EXPECTED}
        return self._runs[name].result()

    def stop(self):
        if self._model:
            self._model.stop()

    def _run(self, name, server):
        command = (["node", str(HERE / "node/vercel.mjs"), name] if name == "vercel-ai" else
                   [str(DEPS / ("venv-genai-v2" if name.startswith("openai-v2") else "venv-genai") / "bin/python3"), str(HERE / "clients.py"), name])
        run(command, MODEL_URL=self._model.url, OTLP_URL=f"http://{server.http}", QUESTION=model.QUESTION, SYSTEM=model.SYSTEM,
            ANSWER=model.ANSWER)


CLIENTS = Clients()


def text_of(messages) -> str:
    return json.dumps(messages, ensure_ascii=False)


def check(what, got, wanted):
    if got != wanted:
        raise Failure(f"{what}: {got!r}, not {wanted!r}")


def summed(spans, key) -> int:
    return sum(int((s["usage"] or {}).get(key) or 0) for s in spans)


def judge(name, server, expected):
    traces = server.api(f"/api/v1/traces?q=service:{name}&limit=20")["traces"]
    check("traces", len(traces), 1)
    trace = traces[0]
    # A call that two instrumentations saw (the vendor's SDK traces itself, too) counts once.
    check("model calls", trace["llm_calls"], expected.calls)
    base = f"/api/v1/traces/{trace['trace_id']}"
    spans = [server.api(f"{base}/spans/{s['span_id']}") for s in server.api(base + "/spans")["spans"]]
    spans.sort(key=lambda s: int(s["start_unix_nano"]))
    calls = [s for s in spans if s["kind"] == "llm" and (s["usage"] or {}).get("role") == "own"]
    check("calls with tokens of their own", len(calls), expected.calls)
    for call in calls:
        check("provider", call["provider"], expected.provider)
        if not (call["model"] or "").startswith(expected.model):
            raise Failure(f"model: {call['model']!r}, not {expected.model}…")
    check("input tokens", summed(calls, "total_input"), expected.usage["input"])
    check("output tokens", summed(calls, "total_output"), expected.usage["output"])
    for part in ("cache_read", "cache_write", "reasoning"):
        wanted = 0 if part in expected.withheld else expected.usage.get(part, 0)
        check(part, summed(calls, part), wanted)
    first, last = calls[0], calls[-1]
    if model.QUESTION not in text_of(first["input"]):
        raise Failure(f"the question is not in the input of the first call: {text_of(first['input'])[:400]}")
    if model.SYSTEM not in text_of(first["input"]):
        raise Failure(f"the system instructions are not in the input of the first call: {text_of(first['input'])[:400]}")
    if model.ANSWER not in text_of(last["output"]):
        raise Failure(f"the answer is not in the output of the last call: {text_of(last['output'])[:400]}")
    if expected.calls == 2:
        asked = [p for m in first["output"] for p in m["parts"] if p["type"] == "tool_call"]
        check("tool calls asked for", [(p.get("name"), p.get("arguments")) for p in asked], [(model.TOOL, model.ARGUMENTS)])
        told = [p for m in last["input"] for p in m["parts"] if p["type"] == "tool_call_response"]
        if len(told) != 1 or "refunded" not in json.dumps(told):
            raise Failure(f"the tool's result is not in the input of the last call: {text_of(last['input'])[:600]}")
        if expected.logs and not last["logs"]:
            raise Failure("no log records beside the span")
    if expected.calls == 2 and not expected.logs:
        # The second call sends the question again, and the tool's result for the first time.
        parts = [p for m in last["input"] for p in m["parts"]]
        news = [p["type"] for p in parts if p.get("new")]
        if "tool_call_response" not in news:
            raise Failure(f"the tool's result is not marked as new: {text_of(last['input'])[:600]}")
        if any(p.get("new") for p in parts if p.get("content") == model.QUESTION):
            raise Failure("the question is marked as new in the second call")
    if expected.tool:
        tools = [s for s in spans if s["kind"] == "tool"]
        check("tools", [s["tool"] for s in tools], [model.TOOL])
        if "A-17" not in text_of(tools[0]["input"]) or "refunded" not in text_of(tools[0]["output"]):
            raise Failure(f"the tool's arguments or result are missing: {text_of(tools[0]['input'])[:300]} {text_of(tools[0]['output'])[:300]}")
    if expected.agent and not any(s["kind"] == "agent" for s in spans):
        raise Failure(f"no agent among {[(s['kind'], s['name']) for s in spans]}")
    if trace["cost"]["state"] != "priced":
        raise Failure(f"cost: {trace['cost']}")


def case(name):
    def judged(build, server, _model, _directory):
        CLIENTS.of(name, server)
        said = []

        def right():
            # What was acknowledged is searchable a moment later; the last verdict stands.
            try:
                judge(name, server, EXPECTED[name])
            except Failure as failure:
                said[:] = [failure]
                return False
            return True
        try:
            wait_for(right, name, patience=20)
        except Failure:
            raise said[0] from None
    return f"GenAI: {name}", judged


CASES = [case(name) for name in EXPECTED]
