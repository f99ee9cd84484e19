"""The real binary, started, killed and started again on the same directory and ports."""
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time


def binary():
    path = os.environ.get("TURNSCOPE_BINARY") or os.path.join(
        os.environ.get("TURNSCOPE_BUILD_DIR", os.path.join(os.path.dirname(__file__), "../../../build")), "turnscope")
    path = os.path.abspath(path)
    if not os.access(path, os.X_OK):
        raise SystemExit(f"{path} is not there: build first (./dev build), or set TURNSCOPE_BINARY")
    return path


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


class StartFailed(Exception):
    """The process ended, or was not ready in time; the text has its last words."""


class Server:
    """One data directory with fixed ports. Kills only what it started, by process id."""

    def __init__(self, directory=None, settings=(), env=None, group=None):
        self.group = group      # a MemoryGroup that every start enters
        self.own_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="turnscope-faults-")
        self.data = os.path.join(self.directory, "data")
        self.settings = list(settings)
        self.env = dict(env or {})
        self.process = None
        self.stderr = []
        self._reader = None
        self.grpc, self.http, self.ui = free_ports(3)
        self.starts = 0
        self.forget_starts = True

    def spawn(self, env=None, settings=None):
        """Starts without waiting until it is ready."""
        command = [binary(), "serve", "--data", self.data, "--listen-grpc", f"127.0.0.1:{self.grpc}",
                   "--listen-http", f"127.0.0.1:{self.http}", "--listen-ui", f"127.0.0.1:{self.ui}"]
        for setting in self.settings if settings is None else settings:
            command += ["--set", setting]
        if self.forget_starts:
            # Three kills within a minute make the guard against crash loops leave the store out, as it should
            # (crash_loop.py tests that); here the kills are ours.
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(self.data, "starts"))
        environment = dict(os.environ, **self.env, **(env or {}))
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                                        preexec_fn=self.group.enter if self.group else None)
        self.starts += 1
        self.stderr = []
        process, lines = self.process, self.stderr

        def collect():
            for line in process.stderr:
                lines.append(line.decode(errors="replace").rstrip())
                del lines[:-2000]
        self._reader = threading.Thread(target=collect, daemon=True)
        self._reader.start()
        return self

    def wait_ready(self, timeout=60):
        """Seconds until the line of addresses came."""
        began = time.monotonic()
        fd = self.process.stdout.fileno()
        line = b""
        while not line.endswith(b"\n"):
            left = began + timeout - time.monotonic()
            if left <= 0:
                raise StartFailed(f"not ready within {timeout} s\n" + self.last_words())
            if not select.select([fd], [], [], min(left, 0.5))[0]:
                continue
            piece = os.read(fd, 4096)
            if not piece:
                self.process.wait()
                self._reader.join(5)
                raise StartFailed(f"ended with {self.process.returncode} before it was ready\n" + self.last_words())
            line += piece
        self.addresses = json.loads(line.splitlines()[0])
        return time.monotonic() - began

    def start(self, timeout=60, **kwargs):
        self.spawn(**kwargs)
        return self.wait_ready(timeout)

    def last_words(self, n=12):
        return "\n".join(self.stderr[-n:])

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.wait()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout=60):
        code = self.process.wait(timeout)
        self.process.stdout.close()
        self._reader.join(10)
        return code

    def stop(self, timeout=60):
        """SIGTERM and wait; the exit code."""
        self.terminate()
        return self.wait(timeout)

    def close(self):
        if self.running():
            self.kill()
        if self.own_directory and not os.environ.get("TURNSCOPE_KEEP_DATA"):
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
