"""All that is behind the gateway, put together."""

from pathlib import Path

from pydantic import SecretStr

import monitors_alerter
import monitors_notifier
from monitors_runtime.runtime import Runtime

from .alerter import Alerter
from .evaluations import Evaluations
from .metrics import Metrics
from .monitors import Monitors
from .notifier import Notifier
from .receiving import Receiving
from .rules import Rules
from .scraper import Scraper


class Platform:
    """The services behind the gateway, in memory: monitors, their evaluations and rules are the evaluator's, receiving is
    the alerter's, the others are named after their service. What is real of the alerter and the notifier has its tables."""

    def __init__(self, runtime: Runtime, secret: SecretStr) -> None:
        self.runtime = runtime
        evaluator = runtime.service("evaluator")
        alerter = runtime.service("alerter", Path(monitors_alerter.__file__).parent / "migrations")
        notifier = runtime.service("notifier", Path(monitors_notifier.__file__).parent / "migrations")
        scraper = runtime.service("scraper")
        metrics = runtime.service("metrics")
        self.monitors = Monitors(evaluator)
        self.rules = Rules(evaluator)
        self.alerter = Alerter(alerter)
        self.notifier = Notifier(notifier, secret)
        self.receiving = Receiving(alerter, self.notifier)
        self.scraper = Scraper(scraper, self.rules)
        self.evaluations = Evaluations(evaluator, self.monitors, self.scraper)
        self.metrics = Metrics(metrics)
