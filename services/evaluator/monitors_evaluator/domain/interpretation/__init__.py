"""Prompts to interpretations, by rules alone: no model, no network, the same answer every time."""

from .interpreter import NotUnderstood, interpret
from .records import to_record

__all__ = ["NotUnderstood", "interpret", "to_record"]
