"""`python -m monitors_scraper` runs the scraper alone."""

from monitors_runtime.standalone import run

from .app import build
from .settings import ScraperSettings

run("scraper", lambda runtime: build(runtime, ScraperSettings()))
