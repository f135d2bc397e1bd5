"""The platform's REST API as the command line uses it: signed in, problems as one line, checks waited for."""

import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from .credentials import Credentials, Keyring
from .errors import BadInput, CommandError, Failed

CHECK_PATIENCE = 120.0
"""Seconds until a check that has no verdict is given up."""
FIRST_CHANNEL_SECONDS = 10.0
_POLL_SECONDS = 0.25


class ApiProblem(CommandError):
    """The platform's refusal (RFC 9457): exit code 2 when it is about what was said, else 1."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        title = str(problem.get("title") or problem.get("error") or f"HTTP {status}")  # the latter is Prometheus's
        detail = str(problem.get("detail") or "")
        super().__init__(f"{title}: {detail}" if detail else title)
        self.kind = str(problem.get("type", ""))
        self.status = status
        self.exit_code = 2 if status in (400, 413, 415, 422) else 1


def _written(body: Any) -> bytes:
    """The body as JSON, which has no NaN and no infinity. Raises BadInput."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise BadInput("a text is not UTF-8") from None
    except ValueError:
        raise BadInput("a number is finite: neither nan nor inf") from None


class Api:
    """One platform's API. `keyring` holds who we are there, unless a token says it; without either nothing is signed."""

    def __init__(self, base: str, keyring: Keyring | None = None, token: str | None = None) -> None:
        if not base.startswith(("http://", "https://")):
            raise BadInput(f"{base!r} is no address of a platform: it begins with http:// or https://")
        self.base = base.rstrip("/")
        self.keyring = keyring
        self._credentials = keyring.load() if keyring else None
        self._given = token or os.environ.get("MONITORS_TOKEN")
        self._token = self._given or (self._credentials.token if self._credentials else None)
        try:
            self._http = httpx.Client(
                base_url=self.base,
                timeout=httpx.Timeout(70, connect=5),
                trust_env=False,
                headers={"User-Agent": "monitors-cli"},
            )
        except (httpx.InvalidURL, ValueError) as wrong:
            raise BadInput(f"{base!r} is no address of a platform: {wrong}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def email(self) -> str | None:
        """Who is signed in, as far as the keyring knows."""
        return self._credentials.email if self._credentials else None

    # -- requests ---------------------------------------------------------------------------------------------------

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """A signed GET. Raises ApiProblem and Failed."""
        return self._signed("GET", path, query={name: value for name, value in query.items() if value is not None})

    def post(self, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """A signed POST."""
        return self._signed("POST", path, body, query)

    def put(self, path: str, body: Any) -> dict[str, Any]:
        """A signed PUT."""
        return self._signed("PUT", path, body)

    def patch(self, path: str, body: Any) -> dict[str, Any]:
        """A signed PATCH."""
        return self._signed("PATCH", path, body)

    def delete(self, path: str, body: Any = None) -> dict[str, Any]:
        """A signed DELETE."""
        return self._signed("DELETE", path, body)

    def download(self, path: str, file: Path, progress: Callable[[int], None] = lambda _: None) -> int:
        """Save what is at the path, whole or not at all; its bytes. An existing file is replaced only by a whole one."""
        self.get("/api/auth/me")  # new tokens where they are needed: a stream is not asked for twice
        headers = {"Authorization": f"Bearer {self._token}"}
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        received = 0
        try:
            with os.fdopen(descriptor, "wb") as target, self._http.stream("GET", path, headers=headers) as response:
                if response.is_error:
                    raise self._refusal(response)
                for piece in response.iter_bytes():
                    received += target.write(piece)
                    progress(received)
            Path(name).replace(file)
        except httpx.HTTPError as broken:
            raise Failed(f"{self.base} broke off after {received:,} bytes ({broken}); nothing was kept") from None
        finally:
            Path(name).unlink(missing_ok=True)
        return received

    @staticmethod
    def _refusal(response: httpx.Response) -> ApiProblem:
        response.read()
        try:
            return ApiProblem(response.status_code, response.json())
        except ValueError:
            return ApiProblem(response.status_code, {})

    def every(self, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        """All items of a paged list."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(path, limit=500, cursor=cursor, **query)
            items += page[key]
            cursor = page.get("nextCursor")
            if not cursor:
                return items

    def _signed(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> dict[str, Any]:
        if self._token is None:
            raise Failed(f"not signed in at {self.base}: sign in with `monitors login --api {self.base}`")
        try:
            return self._send(method, path, body, query)
        except ApiProblem as refused:
            if refused.status != 401 or not self._sign_in_again():
                raise
        return self._send(method, path, body, query)

    def _send(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        content = None
        if body is not None:
            content, headers = _written(body), headers | {"Content-Type": "application/json"}
        try:
            response = self._http.request(method, path, content=content, params=query or {}, headers=headers)
        except httpx.TimeoutException:
            raise Failed(f"{self.base} did not answer in time") from None
        except httpx.HTTPError as broken:
            raise Failed(f"can't reach {self.base} ({broken}); is the platform running?") from None
        try:
            answer = response.json() if response.content else {}
        except ValueError:
            answer = {}
        if response.is_error:
            raise ApiProblem(response.status_code, answer if isinstance(answer, dict) else {"title": str(answer)})
        if not isinstance(answer, dict):
            raise Failed(f"{self.base} does not answer like a Monitors! platform")
        return answer

    # -- signing in -------------------------------------------------------------------------------------------------

    def register(self, email: str, password: str, name: str) -> None:
        """A new user, signed in from now on; the password is not kept."""
        self._signed_in(self._auth("register", {"email": email, "password": password, "name": name}), email)
        self._await_first_channel()

    def login(self, email: str, password: str) -> None:
        """Sign in; the password is not kept."""
        self._signed_in(self._auth("login", {"email": email, "password": password}), email)

    def use_local_user(self) -> None:
        """Sign in as the command line's own user of this data folder; made on first use, with a password nobody knows.

        A token that was given, or is in MONITORS_TOKEN, goes before.
        """
        assert self.keyring
        if self._given:
            return
        with self.keyring.locked():
            self._credentials = self.keyring.load()
            if self._credentials:
                self._token = self._credentials.token
                return
            self._register_local_user()

    def _register_local_user(self) -> None:
        email = f"local-{secrets.token_hex(4)}@monitors.example.com"
        password = f"Aa1-{secrets.token_urlsafe(24)}"
        reply = self._auth("register", {"email": email, "password": password, "name": "Local user"})
        self._keep(Credentials(email, reply["token"], reply["refreshToken"], password))
        self._await_first_channel()

    def _await_first_channel(self) -> None:
        """It is made a moment after the account, and the next command may name it."""
        deadline = time.monotonic() + FIRST_CHANNEL_SECONDS
        while not self.get("/api/channels")["channels"] and time.monotonic() < deadline:
            time.sleep(0.05)

    def _auth(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        self._token = None
        return self._send("POST", f"/api/auth/{what}", body)

    def _signed_in(self, reply: dict[str, Any], email: str) -> None:
        self._keep(Credentials(email, reply["token"], reply["refreshToken"]))

    def _keep(self, credentials: Credentials) -> None:
        assert self.keyring
        self._credentials, self._token = credentials, credentials.token
        self.keyring.save(credentials)

    def _sign_in_again(self) -> bool:
        """New tokens for expired ones, without asking anybody. False when that can't be done."""
        if self.keyring is None or self._credentials is None or self._given:
            return False
        with self.keyring.locked():
            known = self.keyring.load() or self._credentials
            if known.token != self._token:  # another process was faster
                self._credentials, self._token = known, known.token
                return True
            try:
                if known.password:
                    reply = self._auth("login", {"email": known.email, "password": known.password})
                else:
                    reply = self._auth("refresh", {"refreshToken": known.refresh_token})
            except ApiProblem as refused:
                if known.password and refused.kind == "wrong-credentials":  # a new database under a kept folder
                    self._register_local_user()
                    return True
                raise Failed(f"signed out at {self.base}: sign in again with `monitors login`") from None
            self._keep(known.renewed(reply))
            return True

    @property
    def own_password(self) -> str | None:
        """The password of the command line's own user; None for a person, whose password is not kept."""
        return self._credentials.password if self._credentials else None

    def changed(self, *, email: str | None = None, password: str | None = None) -> None:
        """The user's address or password is another one from now on."""
        if self._credentials:
            kept = replace(self._credentials, email=email or self._credentials.email)
            self._keep(replace(kept, password=password) if password and kept.password else kept)

    def forget(self) -> None:
        """The user is no more."""
        if self.keyring:
            self.keyring.forget()

    # -- checks -----------------------------------------------------------------------------------------------------

    def check(self, monitor_id: str) -> dict[str, Any]:
        """Check a monitor now, and wait for the verdict."""
        return self._verdict(self.post(f"/api/monitors/{monitor_id}/refresh")["evaluation"])

    def check_many(self, monitor_ids: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Check monitors at once: their evaluations, and what was refused and why."""
        reply = self.post("/api/monitors/refresh", {"ids": list(monitor_ids), "wait": True})
        return [self._verdict(each) for each in reply["evaluations"]], reply["refused"]

    def _verdict(self, evaluation: dict[str, Any]) -> dict[str, Any]:
        path = f"/api/monitors/{evaluation['monitorId']}/evaluations/{evaluation['refreshId']}"
        deadline = time.monotonic() + CHECK_PATIENCE
        while evaluation["status"] == "pending":
            if time.monotonic() > deadline:
                raise Failed(
                    f"no verdict after {CHECK_PATIENCE:g} s; look again with `monitors show {evaluation['monitorId']}`"
                )
            time.sleep(_POLL_SECONDS)
            evaluation = self.get(path)["evaluation"]
        return evaluation
