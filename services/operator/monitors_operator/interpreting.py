"""One line of `monitors interpret`."""

from typing import Any

from monitors_evaluator.domain.interpretation import NotUnderstood, interpret, to_record

from .errors import BadInput


def interpretation_of(identifier: str, record: dict[str, Any]) -> dict[str, Any]:
    """What `prompt` (or `text`) is understood to mean. Raises BadInput."""
    prompt = record.get("prompt", record.get("text"))
    if not isinstance(prompt, str) or not prompt.strip():
        raise BadInput("no prompt: it must be a text")
    try:
        return to_record(identifier, interpret(prompt))
    except NotUnderstood as reason:
        raise BadInput(f"not understood: {reason.reason}") from None
