"""Producer, observer and judge for the fault tests: Python's standard library only."""
