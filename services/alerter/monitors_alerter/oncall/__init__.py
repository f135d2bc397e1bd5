"""On-call schedules, the people in them, and escalation policies: kept, changed and asked for."""
