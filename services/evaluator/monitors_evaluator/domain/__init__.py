"""The evaluator's decisions: pure functions and values, without I/O or a clock."""
