"""The demo site: pages on loopback that change when a program or a person says so."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from .pages import State, pages

LARGEST_FORM = 4096


class Site:
    """Serves the pages of `state` on a free loopback port until the process ends. Its first page is a form to change them."""

    def __init__(self, state: State) -> None:
        self.state = state
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                page = pages(site.state).get(self.path)
                body = (page or "Not found").encode()
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8" if page else "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                form = self.rfile.read(min(size, LARGEST_FORM)).decode(errors="replace")
                site.state = changed(site.state, form)
                self.send_response(303)
                self.send_header("Location", "/")
                self.send_header("Content-Length", "0")
                self.send_header("Connection", "close")
                self.end_headers()

            def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the base class names it so
                """Silent: the demo tells what happens."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, name="demo site", daemon=True).start()


def changed(state: State, form: str) -> State:
    """The state a form of the first page asks for; what is no number in range stays as it was."""
    fields = {name: values[0] for name, values in parse_qs(form).items()}

    def number(name: str, least: float, most: float) -> float:
        try:
            given = float(fields[name])
        except (KeyError, ValueError):
            return getattr(state, name)
        return given if least <= given <= most else getattr(state, name)

    return State(
        kettle_price=number("kettle_price", 1, 9999),
        registration_open=fields.get("registration_open") == "yes",
        course_fee=int(number("course_fee", 1, 9999)),
        seats_left=int(number("seats_left", 0, 999)),
    )
