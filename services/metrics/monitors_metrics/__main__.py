"""`python -m monitors_metrics` runs the metrics service alone."""

from monitors_runtime.standalone import run

from .app import build
from .settings import MetricsSettings

run("metrics", lambda runtime: build(runtime, MetricsSettings()))
