"""Who sends measurements, and when each was last heard of."""

from collections.abc import Sequence


class Senders:
    """Senders by number, as cells know them. Of one without a name nothing is known but that samples came."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.arrived: list[int] = []
        self._numbers: dict[str, int] = {}

    def heard(self, name: str, arrived: int) -> int:
        """It sent something that arrived at this time (ms); its number."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
            self.arrived.append(arrived)
        self.arrived[number] = max(arrived, self.arrived[number])
        return number

    def know(self, names: Sequence[str], arrived: Sequence[int]) -> None:
        """These sent measurements before, and last then (ms)."""
        for name, moment in zip(names, arrived, strict=True):
            self.heard(name, moment)
