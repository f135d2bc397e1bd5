"""Kept pages as a person is shown them: with the fact marked, with places to point at, and compared."""

from .comparing import Difference, compare
from .rendering import Rendering, render

__all__ = ["Difference", "Rendering", "compare", "render"]
