"""A scripted model that speaks OpenAI's Chat Completions and Responses APIs and Anthropic's Messages API, plain and streamed.

It asks for the first tool it is offered, once, and then answers; every count of tokens is fixed, so that what a tracing library
makes of them can be compared to the token. Posts to /forward/… go on to the server under test (for libraries with a path of their own)."""
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

QUESTION = "Where is the refund for order A-17?"
SYSTEM = "You answer questions about orders."
THINKING_ALOUD = "I look the order up."
ANSWER = "The refund was paid on Monday."
TOOL, ARGUMENTS, RESULT = "find_order", {"order": "A-17"}, {"order": "A-17", "state": "refunded"}

# What the vendor reports for the first call (which asks for the tool, or answers when there is none) and for the second.
OPENAI = [{"input": 120, "cached": 80, "output": 30, "reasoning": 10}, {"input": 200, "cached": 0, "output": 12, "reasoning": 0}]
ANTHROPIC = [{"input": 40, "read": 80, "write": 16, "output": 30}, {"input": 200, "read": 0, "write": 0, "output": 12}]


def chat_usage(n):
    u = OPENAI[n]
    return {"prompt_tokens": u["input"], "completion_tokens": u["output"], "total_tokens": u["input"] + u["output"],
            "prompt_tokens_details": {"cached_tokens": u["cached"]}, "completion_tokens_details": {"reasoning_tokens": u["reasoning"]}}


def responses_usage(n):
    u = OPENAI[n]
    return {"input_tokens": u["input"], "output_tokens": u["output"], "total_tokens": u["input"] + u["output"],
            "input_tokens_details": {"cached_tokens": u["cached"], "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": u["reasoning"]}}


def messages_usage(n):
    u = ANTHROPIC[n]
    return {"input_tokens": u["input"], "cache_read_input_tokens": u["read"], "cache_creation_input_tokens": u["write"],
            "output_tokens": u["output"]}


def step_of(texts) -> int:
    """0: ask for the tool; 1: the tool has answered."""
    return 1 if "refunded" in json.dumps(texts) else 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    turnscope = ""
    serial = 0
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def number(self) -> str:
        with Handler.lock:
            Handler.serial += 1
            return f"{Handler.serial:06d}"

    def answer(self, body: bytes, kind="application/json", status=200):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def events(self, events, named=False):
        lines = []
        for event in events:
            if named:
                lines.append(f"event: {event['type']}\n")
            lines.append(f"data: {json.dumps(event)}\n\n")
        if not named:
            lines.append("data: [DONE]\n\n")
        self.answer("".join(lines).encode(), "text/event-stream")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/forward/"):
            request = urllib.request.Request(f"http://{self.turnscope}/v1/traces", body, {
                k: v for k, v in self.headers.items() if k.lower() in ("content-type", "content-encoding")})
            with urllib.request.urlopen(request, timeout=60) as done:
                return self.answer(done.read(), done.headers.get("content-type", "application/json"))
        if not any(self.path.endswith(end) for end in ("/chat/completions", "/responses", "/messages")):
            return self.answer(b"{}")
        request = json.loads(body)
        if self.path.endswith("/chat/completions"):
            return self.chat(request)
        if self.path.endswith("/responses"):
            return self.respond(request)
        return self.messages(request)

    def do_GET(self):
        self.answer(b"{}")

    def chat(self, request):
        step, number = step_of(request["messages"]), self.number()
        asks = bool(request.get("tools")) and step == 0
        call = {"id": f"call_{number}", "type": "function", "function": {"name": TOOL, "arguments": json.dumps(ARGUMENTS)}}
        head = {"id": f"chatcmpl-{number}", "created": 1795000000, "model": "gpt-4o-mini-2024-07-18", "service_tier": "default"}
        finish = "tool_calls" if asks else "stop"
        if not request.get("stream"):
            message = {"role": "assistant", "content": None if asks else ANSWER, "refusal": None}
            if asks:
                message["tool_calls"] = [call]
            return self.answer(json.dumps({**head, "object": "chat.completion", "usage": chat_usage(step),
                                           "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}]}).encode())
        delta = {"tool_calls": [{"index": 0, **call}]} if asks else {"content": ANSWER}
        chunks = [{"choices": [{"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": None}]},
                  {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}]
        if request.get("stream_options", {}).get("include_usage"):
            chunks.append({"choices": [], "usage": chat_usage(step)})
        return self.events([{**head, "object": "chat.completion.chunk", **chunk} for chunk in chunks])

    def respond(self, request):
        step, number = step_of(request["input"]), self.number()
        asks = bool(request.get("tools")) and step == 0
        item = ({"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": TOOL,
                 "arguments": json.dumps(ARGUMENTS), "status": "completed"} if asks else
                {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed",
                 "content": [{"type": "output_text", "text": ANSWER, "annotations": []}]})
        self.answer(json.dumps({
            "id": f"resp_{number}", "object": "response", "created_at": 1795000000, "status": "completed", "error": None,
            "incomplete_details": None, "instructions": request.get("instructions"), "max_output_tokens": None, "metadata": {},
            "model": "gpt-4o-mini-2024-07-18", "output": [item], "parallel_tool_calls": True, "temperature": 1.0,
            "tool_choice": "auto", "tools": request.get("tools", []), "top_p": 1.0, "usage": responses_usage(step)}).encode())

    def messages(self, request):
        step, number = step_of(request["messages"]), self.number()
        asks = bool(request.get("tools")) and step == 0
        content = ([{"type": "text", "text": THINKING_ALOUD}, {"type": "tool_use", "id": f"toolu_{number}", "name": TOOL, "input": ARGUMENTS}]
                   if asks else [{"type": "text", "text": ANSWER}])
        head = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929"}
        stop, usage = "tool_use" if asks else "end_turn", messages_usage(step)
        if not request.get("stream"):
            return self.answer(json.dumps({**head, "content": content, "stop_reason": stop, "stop_sequence": None, "usage": usage}).encode())
        events = [{"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "stop_sequence": None,
                                                        "usage": {**usage, "output_tokens": 1}}}]
        for index, block in enumerate(content):
            text = block["type"] == "text"
            empty = {**block, "text": ""} if text else {**block, "input": {}}
            delta = {"type": "text_delta", "text": block["text"]} if text else {"type": "input_json_delta", "partial_json": json.dumps(ARGUMENTS)}
            events += [{"type": "content_block_start", "index": index, "content_block": empty},
                       {"type": "content_block_delta", "index": index, "delta": delta}, {"type": "content_block_stop", "index": index}]
        # The last event tells how many tokens the answer took; the first one could not know.
        events += [{"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": usage["output_tokens"]}},
                   {"type": "message_stop"}]
        return self.events(events, named=True)


class Model:
    """The server, on a free port of loopback, until stop()."""

    def __init__(self, turnscope: str):
        handler = type("Scripted", (Handler,), {"turnscope": turnscope})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
