"""Rules over measurements: kept, judged as samples arrive, shared by several evaluators."""
