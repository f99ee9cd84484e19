"""The example agent in Python, traced by hand with the official opentelemetry-sdk, over OTLP/gRPC or OTLP/HTTP.

    python agent.py --protocol grpc --endpoint http://127.0.0.1:4317 --base-url http://127.0.0.1:8080 "Was order 1042 charged twice?"

Spans: agent.run → agent.turn → gen_ai.completion (CLIENT) and tool.execute.NAME.
"""
import argparse
import json
import os
import sys
import tempfile
import urllib.parse

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

import messages
import recording
import tools
import workspace

SYSTEM = "You are the support engineer of a small online shop. Look things up with the tools; name the rows you rely on."
PRICES = {"claude-sonnet-4-5": (3, 15, 3.75, 0.30), "claude-haiku-4-5": (1, 5, 1.25, 0.10)}  # $ per million: in, out, write, read


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit]


def cost_usd(model: str, usage: dict):
    for prefix, (price_in, price_out, price_write, price_read) in PRICES.items():
        if model.startswith(prefix):
            return (usage["input_tokens"] * price_in + usage["output_tokens"] * price_out
                    + (usage.get("cache_creation_input_tokens") or 0) * price_write
                    + (usage.get("cache_read_input_tokens") or 0) * price_read) / 1e6
    return None


def fail(span: trace.Span, failure: BaseException) -> None:
    span.record_exception(failure)
    span.set_status(Status(StatusCode.ERROR, str(failure)))


class Agent:
    def __init__(self, tracer: trace.Tracer, client: messages.Client, directory: str, model: str, max_turns: int, stream: bool):
        self.tracer, self.client, self.directory = tracer, client, directory
        self.model, self.max_turns, self.stream = model, max_turns, stream

    def run(self, question: str, session: str = "", user: str = "") -> str:
        with self.tracer.start_as_current_span("agent.run", record_exception=False, set_status_on_exception=False) as run:
            run.set_attributes({"agent.user_message": cut(question, 500), "agent.max_turns": self.max_turns,
                                "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "python-agent"})
            if session:
                run.set_attribute("session.id", session)
            if user:
                run.set_attribute("user.id", user)
            history, answer, turns = [{"role": "user", "content": question}], None, 0
            try:
                while answer is None and turns < self.max_turns:
                    turns += 1
                    answer = self._turn(turns, history)
            except messages.ModelError as failure:
                fail(run, failure)
                raise
            finally:
                run.set_attribute("agent.turns_used", turns)
                run.set_attribute("agent.hit_max_turns", answer is None and turns == self.max_turns)
                run.set_attribute("agent.final_answer_length", len(answer or ""))
            return answer or ""

    def _turn(self, number: int, history: list):
        with self.tracer.start_as_current_span("agent.turn", record_exception=False, set_status_on_exception=False) as turn:
            turn.set_attribute("agent.turn_number", number)
            try:
                reply = self._completion(history)
            except messages.ModelError as failure:
                fail(turn, failure)
                raise
            history.append({"role": "assistant", "content": reply["content"]})
            results = [self._tool(block) for block in reply["content"] if block["type"] == "tool_use"]
            if not results:
                return "".join(block.get("text", "") for block in reply["content"])
            history.append({"role": "user", "content": results})
            return None

    def _completion(self, history: list) -> dict:
        request = {"model": self.model, "max_tokens": 1024, "system": SYSTEM, "messages": history, "stream": self.stream,
                   "tools": [{"name": name, "description": text, "input_schema": schema}
                             for name, (_, text, schema) in tools.TOOLS.items()]}
        with self.tracer.start_as_current_span("gen_ai.completion", kind=SpanKind.CLIENT, record_exception=False,
                                               set_status_on_exception=False) as span:
            last = history[-1]["content"]
            server = urllib.parse.urlsplit(self.client.base_url)
            span.set_attributes({"gen_ai.provider.name": "anthropic", "gen_ai.system": "anthropic", "gen_ai.operation.name": "chat",
                                 "gen_ai.request.model": self.model, "gen_ai.request.max_tokens": 1024,
                                 "gen_ai.request.messages.count": len(history), "server.address": server.hostname,
                                 "server.port": server.port or 443})
            span.add_event("gen_ai.user.message", {"role": "user", "content": last if isinstance(last, str) else json.dumps(last)})
            try:
                reply = self.client.create(request, on_retry=lambda error, delay: span.add_event(
                    "gen_ai.retry", {"error.type": error.kind, "http.response.status_code": error.status, "retry.delay_ms": delay * 1000}))
            except messages.ModelError as failure:
                span.set_attribute("error.type", failure.kind)
                fail(span, failure)
                raise
            usage = reply["usage"]
            cached = {"gen_ai.usage.cache_read.input_tokens": usage.get("cache_read_input_tokens"),
                      "gen_ai.usage.cache_creation.input_tokens": usage.get("cache_creation_input_tokens")}
            span.set_attributes({
                "gen_ai.response.id": reply["id"], "gen_ai.response.model": reply["model"],
                "gen_ai.response.finish_reasons": [reply["stop_reason"]],
                # The API counts cached tokens beside input_tokens, the conventions count them in.
                "gen_ai.usage.input_tokens": usage["input_tokens"] + sum(n or 0 for n in cached.values()),
                "gen_ai.usage.output_tokens": usage["output_tokens"], **{k: n for k, n in cached.items() if n is not None}})
            cost = cost_usd(reply["model"], usage)
            if cost is not None:
                span.set_attribute("llm.cost.usd", cost)
            text = "".join(block.get("text", "") for block in reply["content"])
            span.add_event("gen_ai.assistant.message", {"role": "assistant", "content": text, "finish_reason": reply["stop_reason"]})
            return reply

    def _tool(self, block: dict) -> dict:
        name, arguments = block["name"], block["input"]
        with self.tracer.start_as_current_span(f"tool.execute.{name}", record_exception=False, set_status_on_exception=False) as span:
            span.set_attributes({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.call.id": block["id"],
                                 "tool.name": name, "tool.arguments": cut(json.dumps(arguments), 1000)})
            result = {"type": "tool_result", "tool_use_id": block["id"]}
            try:
                if name not in tools.TOOLS:
                    raise tools.ToolError(f"there is no tool '{name}'")
                text = tools.TOOLS[name][0](self.directory, arguments)
            except tools.ToolError as failure:
                fail(span, failure)
                return {**result, "content": f"{type(failure).__name__}: {failure}", "is_error": True}
            span.set_attribute("tool.result_length", len(text))
            return {**result, "content": text}


def make_provider(protocol: str, endpoint: str, service: str, dump: str = "") -> TracerProvider:
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True)
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        exporter = OTLPSpanExporter(endpoint=endpoint + "/v1/traces")
    provider = TracerProvider(resource=Resource.create({"service.name": service, "deployment.environment.name": "example"}))
    if dump:
        provider.add_span_processor(recording.RecordingProcessor(dump))
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=300))
    return provider


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("question")
    options.add_argument("--protocol", choices=("grpc", "http/protobuf"), default="grpc")
    options.add_argument("--endpoint", default="http://127.0.0.1:4317", help="of the OTLP receiver: http://HOST:PORT")
    options.add_argument("--base-url", default=os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com"))
    options.add_argument("--model", default="claude-sonnet-4-5")
    options.add_argument("--max-turns", type=int, default=8)
    options.add_argument("--no-stream", action="store_true")
    options.add_argument("--service", default="python-agent")
    options.add_argument("--session", default="")
    options.add_argument("--user", default="")
    options.add_argument("--dump-spans", default="", help="file for what was sent, one span a line")
    chosen = options.parse_args()

    provider = make_provider(chosen.protocol, chosen.endpoint, chosen.service, chosen.dump_spans)
    client = messages.Client(chosen.base_url, os.environ.get("ANTHROPIC_API_KEY", "scripted"))
    failed = False
    with tempfile.TemporaryDirectory(prefix="turnscope-python-agent-") as directory:
        workspace.make(directory)
        agent = Agent(provider.get_tracer("agent-workshop", "0.1.0"), client, directory, chosen.model, chosen.max_turns, not chosen.no_stream)
        try:
            print(agent.run(chosen.question, chosen.session, chosen.user))
        except messages.ModelError as failure:
            print(f"the model call failed after {failure.attempts} attempt(s): {failure.kind}: {failure}", file=sys.stderr)
            failed = True
    provider.shutdown()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
