"""Lines a person can read, and the closing line that `./dev test` counts."""
import os
import random
import sys
import time
import traceback


class Report:
    def __init__(self, title):
        self.passed = self.failed = 0
        self.began = time.monotonic()
        print(f"== {title}", flush=True)

    def note(self, text):
        print(f"   {text}", flush=True)

    def check(self, name, ok, detail=""):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'  ok ' if ok else 'FAIL '} {name}{': ' + str(detail) if detail != '' else ''}", flush=True)
        return ok

    def case(self, name, function, *args):
        """Runs one case; an exception is a failure with its trace, not the end of the others."""
        began = time.monotonic()
        try:
            function(self, *args)
        except Exception:  # noqa: BLE001: whatever went wrong is this case's failure
            self.check(name, False, traceback.format_exc())
        self.note(f"{name}: {time.monotonic() - began:.1f} s")

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


def seed_of(arguments):
    seed = arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed} (again: --seed {seed})", flush=True)
    return seed, random.Random(seed)


def finish(report):
    sys.exit(report.close())
