"""`python -m monitors_gateway.openapi` prints the OpenAPI document, without connecting to anything."""

import json
import sys

from pydantic import SecretStr

from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings

from .app import build
from .auth.tokens import MIN_SECRET_LENGTH
from .settings import GatewaySettings


def main() -> None:
    """Print the document."""
    unused_secret = SecretStr("-" * MIN_SECRET_LENGTH)
    _, app = build(Runtime(RuntimeSettings(secret_key=unused_secret)), GatewaySettings())
    json.dump(app.openapi(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
