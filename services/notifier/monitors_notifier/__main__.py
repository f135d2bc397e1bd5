"""`python -m monitors_notifier` runs the notifier alone."""

from monitors_runtime.standalone import run

from .app import build
from .settings import NotifierSettings

run("notifier", lambda runtime: build(runtime, NotifierSettings()))  # pyright: ignore[reportCallIssue] - of the environment
