"""How far silence can be judged: since when more could come all the while, and until when all that came was judged."""

UNWATCHED = 10_000
"""Milliseconds after which nobody can say whether anything could come meanwhile."""


class Hearing:
    """What one evaluator knows of what reaches it. Times are ms, places are those of the stream.

    Something is always on its way where much is measured. So silence is judged up to a moment of which it is known that all
    that had come by then was judged, never put off until nothing comes.
    """

    def __init__(self, now: int) -> None:
        self.begin(now)

    def begin(self, now: int) -> None:
        """From now on more can come. Whoever was silent before may have been so because nothing could."""
        self.since = self._watched = now
        self._newest: tuple[int, int] | None = None

    def until(self, now: int, newest: int, judged: int) -> int | None:
        """The moment until which silence can be judged, if any: more can come now, `newest` has, `judged` is judged."""
        if now - self._watched > UNWATCHED:
            self.begin(now)
        self._watched = now
        if judged >= newest:
            self._newest = None
            return now
        if self._newest and judged < self._newest[0]:
            return None
        before, self._newest = self._newest, (newest, now)
        return before[1] if before else None
