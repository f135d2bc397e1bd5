"""Why an alert was told, or was not: the words that the alerter decides by, and what they say to a person."""

DECISIONS = {
    "told": "The channel was told that it fires.",
    "told-worse": "The channel was told that it got worse.",
    "told-over": "The channel was told that it is over.",
    "told-fired-and-over": "It was over before it could be told: the channel was told both at once.",
    "told-again": "Nobody had taken it, so the channel was told again.",
    "told-by-step": "Nobody had taken it, so a step of the escalation policy told the channel.",
    "group-wait": "A new group gathers before it is told.",
    "group-interval": "The group was told a short while ago; its changes are told together.",
    "outside-hours": "The route is outside its hours and waits for them.",
    "limited": "The channel has had as much as its limit allows; this comes with its next digest.",
    "silenced": "A silence holds it back.",
    "maintenance": "A maintenance window holds it back.",
    "inhibited": "Another alert that fires holds it back.",
    "over-while-held-back": "It was held back from its beginning to its end, so nobody was told.",
    "no-channel": "The route leads to no channel that is switched on.",
    "channel-off": "The channel knows that it fires, and is switched off: the end is told when it is on again.",
    "channel-gone": "The channel knew that it fires, and is gone: there is nowhere to tell the end.",
    "no-end-to-tell": "It was a change, told once: it has no end to tell.",
    "over-before-a-step": "It was over before a step of the escalation policy was due.",
    "moved": "The routes lead elsewhere now.",
}
"""Decision word -> sentence. In `GET /api/alerts/{id}/decisions` each comes with its time, channel, route and details."""
