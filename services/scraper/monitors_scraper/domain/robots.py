"""What a site asks robots to leave alone (RFC 9309)."""

from dataclasses import dataclass

from protego import Protego

MAX_BYTES = 512 * 1024
MAX_CRAWL_DELAY = 10.0


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """A site's robots.txt as read; `parsed` is None when it has none, `unreadable` is the status that hid it."""

    parsed: Protego | None = None
    unreadable: int | None = None

    def allows(self, url: str, user_agent: str) -> bool:
        """Whether this agent may fetch this URL. A site whose robots.txt fails with 5xx allows nothing (RFC 9309, 2.3.1.4)."""
        if self.unreadable is not None:
            return False
        return self.parsed is None or self.parsed.can_fetch(url, _product(user_agent))

    def crawl_delay(self, user_agent: str) -> float:
        """Seconds between requests that the site asks for, at most MAX_CRAWL_DELAY; 0 when it asks for none."""
        asked = self.parsed.crawl_delay(_product(user_agent)) if self.parsed else None
        return min(float(asked or 0), MAX_CRAWL_DELAY)


def read_robots(status: int, body: str) -> RobotsRules:
    """Rules from the answer to `/robots.txt`."""
    if status == 429 or status >= 500:
        return RobotsRules(unreadable=status)
    if status >= 400:
        return RobotsRules()
    return RobotsRules(parsed=Protego.parse(body))


def _product(user_agent: str) -> str:
    return user_agent.partition("/")[0].strip()
