"""Prompts to interpretations, pages to facts, facts to verdicts."""
