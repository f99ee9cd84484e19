"""A turnscope server of our own, the programs of the build, and waiting on conditions."""
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPS = pathlib.Path(os.environ.get("TURNSCOPE_DEPS", ROOT / ".deps"))
PATIENCE = 90.0  # seconds that any single condition may take on a busy machine


class Failure(Exception):
    """A test's verdict, as sentences."""


def whole(text: str):
    """JSON's -0 is the double; Python would read it as the integer 0."""
    return -0.0 if text == "-0" else int(text)


def wait_for(condition, what: str, patience: float = PATIENCE):
    """The first true answer of `condition`, asked again until then."""
    deadline = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {patience:.0f} s")
        time.sleep(0.05)


def first_line(process: subprocess.Popen, what: str) -> str:
    """The first line a program prints, within PATIENCE."""
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
    line = process.stdout.readline() if ready else b""
    if not line:
        process.kill()
        process.wait()
        raise Failure(f"{what} did not come up (exit code {process.returncode})")
    return line.decode()


class Program:
    """A program that serves until SIGTERM; its standard error goes to a file that a failure shows."""

    def __init__(self, command: list, name: str):
        self.name = name
        self._errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._errors)
        try:
            self.ready = json.loads(first_line(self.process, name))
        except Failure as failure:
            raise Failure(f"{failure}\n{self.errors()}") from None

    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-4000:]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self._errors.close()


class Server:
    """`turnscope serve` on free ports with a data directory of its own."""

    def __init__(self, binary: str, settings: dict | None = None):
        self._data = tempfile.TemporaryDirectory(prefix="turnscope-clients-")
        command = [binary, "serve", "--data", self._data.name]
        for port in ("grpc", "http", "ui"):
            command += [f"--listen-{port}", "127.0.0.1:0"]
        for key, value in {"log_level": "warn", **(settings or {})}.items():
            command += ["--set", f"{key}={value}"]
        try:
            self._program = Program(command, "turnscope serve")
        except Failure:
            self._data.cleanup()
            raise
        addresses = self._program.ready
        self.grpc, self.http, self.ui = addresses["grpc"], addresses["http"], addresses["ui"]

    def stop(self) -> None:
        self._program.stop()
        self._data.cleanup()

    def api(self, path: str):
        """GET of the REST API: the decoded answer, or None for 404."""
        try:
            with urllib.request.urlopen(f"http://{self.ui}{path}", timeout=PATIENCE) as answer:
                return json.load(answer, parse_int=whole)
        except urllib.error.HTTPError as failure:
            with failure:
                if failure.code == 404:
                    return None
                raise Failure(f"GET {path}: {failure.code} {failure.read(500).decode(errors='replace')}") from None

    def refused(self) -> int:
        return self.api("/api/v1/health")["ingest"]["refused_requests"]


class Servers:
    """One server a set of settings, started when first asked for, kept until stop()."""

    def __init__(self, binary: str):
        self._binary, self._running = binary, {}

    def get(self, settings: dict) -> Server:
        key = json.dumps(settings, sort_keys=True)
        if key not in self._running:
            self._running[key] = Server(self._binary, settings)
        return self._running[key]

    def stop(self) -> None:
        for server in self._running.values():
            server.stop()


class Build:
    """The programs under test."""

    def __init__(self, binary: str):
        self.turnscope = binary
        self.servers = Servers(binary)
        directory = pathlib.Path(binary).parent
        self.example_agent = str(directory / "example_agent")
        self.model_server = str(directory / "scripted_model_server")
        self.python = str(DEPS / "venv/bin/python3")
        self.go_agent = str(DEPS / "bin/go_agent")
        self.missing = [path for path in (self.turnscope, self.example_agent, self.model_server, self.python, self.go_agent,
                                          str(ROOT / "examples/clients/node/node_modules"), str(DEPS / "venv-genai/bin/python3"),
                                          str(DEPS / "venv-genai-v2/bin/python3"), str(ROOT / "tests/clients/genai/node/node_modules")) if not os.path.exists(path)]


def run(command: list, expect: int | None = 0, **environment: str) -> subprocess.CompletedProcess:
    """Runs a client to its end; its exit code must be `expect` (None: any)."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "ANTHROPIC_"))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env={**clean, **environment}, check=False)
    if expect is not None and done.returncode != expect:
        raise Failure(f"{' '.join(command[:3])} … ended with {done.returncode}, not {expect}:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done
