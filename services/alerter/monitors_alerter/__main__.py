"""`python -m monitors_alerter` runs the alerter alone."""

from monitors_runtime.standalone import run

from .app import build
from .settings import AlerterSettings

run("alerter", lambda runtime: build(runtime, AlerterSettings()))
