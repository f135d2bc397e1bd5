"""Rules over measurements, judged by vector: pure decisions, with every time an argument."""
