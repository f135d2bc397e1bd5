"""Ends with 0 when the service in this container is alive."""

import http.client
import os
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("MONITORS_PORT", "8000")), timeout=3)
try:
    connection.request("GET", "/health/live")
    sys.exit(connection.getresponse().status != http.client.OK)
except (OSError, http.client.HTTPException) as failure:
    sys.exit(f"not alive: {failure}")
