"""`python -m monitors_evaluator` runs the evaluator alone."""

from monitors_runtime.standalone import run

from .app import build
from .providers.settings import AiSettings
from .rules.settings import RuleSettings

run("evaluator", lambda runtime: build(runtime, AiSettings(), RuleSettings()))
