"""Waiting for a condition, and what a server takes of memory meanwhile."""
import time

from lib import limits


def wait_for(condition, what, timeout=120):
    until = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {timeout} s")
        time.sleep(0.05)


def rss(server):
    return limits.rss(server.process.pid)
