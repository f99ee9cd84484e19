"""What a process may take and what it takes: memory groups of the kernel where we may make one, and /proc."""
import contextlib
import os
import tempfile
import threading


class MemoryGroup:
    """A memory control group (version 1 or 2) with a hard limit: beyond it the kernel kills. `available` is False where none can
    be made; then only what /proc says is watched."""

    ROOTS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))

    def __init__(self, limit):
        self.limit = limit
        self.path = None
        for root, knob in self.ROOTS:
            if knob == "memory.max" and not os.path.exists(os.path.join(root, "cgroup.controllers")):
                continue
            if not os.path.isdir(root):
                continue
            try:
                path = tempfile.mkdtemp(prefix="turnscope-", dir=root)
            except OSError:
                continue
            try:
                with open(os.path.join(path, knob), "w", encoding="ascii") as f:
                    f.write(str(limit))
                self.path = path
                return
            except OSError:
                with contextlib.suppress(OSError):
                    os.rmdir(path)

    @property
    def available(self):
        return self.path is not None

    def enter(self):
        """In the child, before it becomes the server."""
        if self.path:
            with open(os.path.join(self.path, "cgroup.procs"), "w", encoding="ascii") as f:
                f.write(str(os.getpid()))

    def close(self):
        if self.path:
            with contextlib.suppress(OSError):
                os.rmdir(self.path)


def status(pid):
    out = {}
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        for line in f:
            key, _, value = line.partition(":")
            out[key] = value.split()
    return out


def rss(pid):
    return int(status(pid)["VmRSS"][0]) * 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Peak:
    """The highest resident memory while it watches."""

    def __init__(self, pid):
        self.pid = pid
        self.start = self.peak = rss(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._stop.wait(0.01):
            try:
                self.peak = max(self.peak, rss(self.pid))
            except (OSError, KeyError):
                return

    def rise(self):
        return self.peak - self.start

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
