"""Finding any fact on any page: a plan is derived once, and then run on every later page without a model."""

from .page import Page
from .plans import Extraction, derive_plan, run_plan

__all__ = ["Extraction", "Page", "derive_plan", "run_plan"]
