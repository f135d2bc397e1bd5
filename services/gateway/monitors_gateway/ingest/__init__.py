"""Measurements as they arrive, read and judged: pure functions over bytes and columns, no I/O, no clock."""
