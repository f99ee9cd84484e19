"""One program, many clients: `clients.py NAME` runs one library's instrumentation through one conversation and flushes.

The environment names the scripted model (MODEL_URL) and the server under test (OTLP_URL). Each client is written as its library's own
documentation has it."""
import asyncio
import json
import os
import sys

from model import ANSWER, ARGUMENTS, QUESTION, RESULT, SYSTEM, TOOL  # noqa: F401

MODEL_URL, OTLP_URL = os.environ["MODEL_URL"], os.environ["OTLP_URL"]
GPT, CLAUDE = "gpt-4o-mini", "claude-sonnet-4-5"
OPENAI_TOOLS = [{"type": "function", "function": {"name": TOOL, "description": "Looks an order up.", "parameters": {
    "type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}}}]
ANTHROPIC_TOOLS = [{"name": TOOL, "description": "Looks an order up.", "input_schema": {
    "type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}}]


def exporter():
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    return OTLPSpanExporter(endpoint=OTLP_URL + "/v1/traces")


def resource():
    from opentelemetry.sdk.resources import Resource
    return Resource.create({"service.name": sys.argv[1]})


def provider():
    """The global tracer provider, as OpenTelemetry's documentation sets it up."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    made = TracerProvider(resource=resource())
    made.add_span_processor(BatchSpanProcessor(exporter()))
    trace.set_tracer_provider(made)
    return made


def run(made):
    """The agent's own span, around what follows."""
    return made.get_tracer("app").start_as_current_span("answer question")


def openai_loop(client, stream=False):
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    if stream:
        for _ in client.chat.completions.create(model=GPT, messages=messages, stream=True, stream_options={"include_usage": True}):
            pass
        return
    first = client.chat.completions.create(model=GPT, messages=messages, tools=OPENAI_TOOLS).choices[0].message
    call = first.tool_calls[0]
    messages.append({"role": "assistant", "content": None, "tool_calls": [
        {"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": call.function.arguments}}]})
    messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(RESULT)})
    assert client.chat.completions.create(model=GPT, messages=messages, tools=OPENAI_TOOLS).choices[0].message.content == ANSWER


def openai_client():
    from openai import OpenAI
    return OpenAI(api_key="none", base_url=MODEL_URL + "/v1", max_retries=0)


def anthropic_loop(stream=False):
    from anthropic import Anthropic
    client = Anthropic(api_key="none", base_url=MODEL_URL, max_retries=0)
    messages = [{"role": "user", "content": QUESTION}]
    if stream:
        for _ in client.messages.create(model=CLAUDE, max_tokens=200, system=SYSTEM, messages=messages, stream=True):
            pass
        return
    first = client.messages.create(model=CLAUDE, max_tokens=200, system=SYSTEM, messages=messages, tools=ANTHROPIC_TOOLS)
    call = next(block for block in first.content if block.type == "tool_use")
    messages += [{"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]},
                 {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": json.dumps(RESULT)}]}]
    last = client.messages.create(model=CLAUDE, max_tokens=200, system=SYSTEM, messages=messages, tools=ANTHROPIC_TOOLS)
    assert last.content[0].text == ANSWER


def openllmetry_anthropic(stream=False):
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
    made = provider()
    AnthropicInstrumentor().instrument()
    with run(made):
        anthropic_loop(stream)
    made.shutdown()


def openllmetry_openai(stream=False):
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    made = provider()
    OpenAIInstrumentor().instrument()
    with run(made):
        openai_loop(openai_client(), stream)
    made.shutdown()


def openinference_anthropic(stream=False):
    from openinference.instrumentation.anthropic import AnthropicInstrumentor
    made = provider()
    AnthropicInstrumentor().instrument(tracer_provider=made)
    with run(made):
        anthropic_loop(stream)
    made.shutdown()


def openinference_openai(stream=False):
    from openinference.instrumentation.openai import OpenAIInstrumentor
    made = provider()
    OpenAIInstrumentor().instrument(tracer_provider=made)
    with run(made):
        openai_loop(openai_client(), stream)
    made.shutdown()


def openai_v2():
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    made = provider()
    OpenAIInstrumentor().instrument()
    with run(made):
        openai_loop(openai_client())
    made.shutdown()


def openai_v2_events():
    """The older form: messages are log records that carry the span's id."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true"
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    logs = LoggerProvider(resource=resource())
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=OTLP_URL + "/v1/logs")))
    set_logger_provider(logs)
    made = provider()
    OpenAIInstrumentor().instrument()
    with run(made):
        openai_loop(openai_client())
    made.shutdown()
    logs.shutdown()


def langfuse():
    os.environ.update(LANGFUSE_PUBLIC_KEY="pk", LANGFUSE_SECRET_KEY="sk", LANGFUSE_BASE_URL=MODEL_URL + "/forward",
                      LANGFUSE_HOST=MODEL_URL + "/forward", OTEL_SERVICE_NAME=sys.argv[1])
    from langfuse import get_client, observe
    from langfuse.openai import OpenAI
    client = OpenAI(api_key="none", base_url=MODEL_URL + "/v1", max_retries=0)

    @observe(name="answer question", as_type="agent")
    def answer(question):
        openai_loop(client)
        return ANSWER

    answer(QUESTION)
    get_client().flush()
    get_client().shutdown()


def pydantic_ai():
    """Pydantic AI under Logfire, which sends to any OTLP backend."""
    import logfire
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider
    logfire.configure(service_name=sys.argv[1], send_to_logfire=False, console=False,
                      additional_span_processors=[BatchSpanProcessor(exporter())])
    logfire.instrument_pydantic_ai()
    agent = Agent(OpenAIChatModel(GPT, provider=OpenAIProvider(base_url=MODEL_URL + "/v1", api_key="none")),
                  name="support", instructions=SYSTEM)

    @agent.tool_plain(name=TOOL)
    def find_order(order: str) -> dict:
        """Looks an order up."""
        return RESULT

    assert agent.run_sync(QUESTION).output == ANSWER
    logfire.shutdown()


def langchain():
    """LangChain, traced by LangSmith's OpenTelemetry mode."""
    os.environ.update(LANGSMITH_TRACING="true", LANGSMITH_OTEL_ENABLED="true", LANGSMITH_OTEL_ONLY="true", LANGSMITH_API_KEY="none",
                      LANGSMITH_ENDPOINT=MODEL_URL + "/langsmith", LANGSMITH_PROJECT="default")
    made = provider()
    from langchain_core.messages import HumanMessage, SystemMessage
    from langchain_core.runnables import chain
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    @tool(TOOL)
    def find_order(order: str) -> dict:
        """Looks an order up."""
        return RESULT

    model = ChatOpenAI(model=GPT, api_key="none", base_url=MODEL_URL + "/v1", max_retries=0).bind_tools([find_order])

    @chain
    def support(question):
        messages = [SystemMessage(SYSTEM), HumanMessage(question)]
        for _ in range(2):
            said = model.invoke(messages)
            messages.append(said)
            messages += [find_order.invoke(call) for call in said.tool_calls]
        return said.content

    assert support.invoke(QUESTION) == ANSWER
    from langchain_core.tracers.langchain import wait_for_all_tracers
    wait_for_all_tracers()
    made.shutdown()


def openinference_langchain():
    from openinference.instrumentation.langchain import LangChainInstrumentor
    os.environ["LANGSMITH_TRACING"] = "false"
    made = provider()
    LangChainInstrumentor().instrument(tracer_provider=made)
    from langchain_core.messages import HumanMessage, SystemMessage
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    @tool(TOOL)
    def find_order(order: str) -> dict:
        """Looks an order up."""
        return RESULT

    model = ChatOpenAI(model=GPT, api_key="none", base_url=MODEL_URL + "/v1", max_retries=0).bind_tools([find_order])
    with run(made):
        messages = [SystemMessage(SYSTEM), HumanMessage(QUESTION)]
        for _ in range(2):
            said = model.invoke(messages)
            messages.append(said)
            messages += [find_order.invoke(call) for call in said.tool_calls]
    assert said.content == ANSWER
    made.shutdown()


def openai_agents():
    from agents import Agent, Runner, function_tool, set_default_openai_client
    from openai import AsyncOpenAI
    from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor
    made = provider()
    OpenAIAgentsInstrumentor().instrument(tracer_provider=made)
    set_default_openai_client(AsyncOpenAI(api_key="none", base_url=MODEL_URL + "/v1", max_retries=0), use_for_tracing=False)

    @function_tool(name_override=TOOL)
    def find_order(order: str) -> str:
        """Looks an order up."""
        return json.dumps(RESULT)

    agent = Agent(name="support", instructions=SYSTEM, model=GPT, tools=[find_order])
    assert asyncio.run(Runner.run(agent, QUESTION)).final_output == ANSWER
    made.shutdown()


CLIENTS = {
    "openllmetry-anthropic": openllmetry_anthropic,
    "openllmetry-anthropic-stream": lambda: openllmetry_anthropic(stream=True),
    "openllmetry-openai": openllmetry_openai,
    "openllmetry-openai-stream": lambda: openllmetry_openai(stream=True),
    "openinference-anthropic": openinference_anthropic,
    "openinference-anthropic-stream": lambda: openinference_anthropic(stream=True),
    "openinference-openai": openinference_openai,
    "openinference-openai-stream": lambda: openinference_openai(stream=True),
    "openinference-langchain": openinference_langchain,
    "openai-v2": openai_v2,
    "openai-v2-events": openai_v2_events,
    "langfuse": langfuse,
    "pydantic-ai": pydantic_ai,
    "langchain": langchain,
    "openai-agents": openai_agents,
}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]]()
