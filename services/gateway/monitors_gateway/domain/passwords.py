"""Which passwords are good enough."""

MIN_LENGTH = 8
MAX_LENGTH = 256


def weakness(password: str) -> str | None:
    """What is missing, for a person; None when the password will do."""
    if len(password) < MIN_LENGTH:
        return f"Password must be at least {MIN_LENGTH} characters"
    if len(password) > MAX_LENGTH:
        return f"Password must be at most {MAX_LENGTH} characters"
    has = (any(map(str.islower, password)), any(map(str.isupper, password)), any(map(str.isdigit, password)))
    return None if all(has) else "Password must contain uppercase, lowercase, and number"
