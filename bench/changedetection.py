"""changedetection.io under the same measurement, when it is installed: CHANGEDETECTION=path/to/its/program."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
from measure import Site, free_port, memory_mb, wait_for


class ChangeDetection:
    """One changedetection.io in a temporary folder, with 10 workers, used through its API."""

    name = "changedetection.io"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._client = httpx.Client(base_url=self.url, timeout=60)
        self._watches: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def program() -> str | None:
        """Where it is, or None."""
        return os.environ.get("CHANGEDETECTION") or shutil.which("changedetection.io")

    def start(self) -> float:
        """Start; seconds until its page is served."""
        program = self.program()
        assert program
        begun = time.perf_counter()
        environment = os.environ | {
            "FETCH_WORKERS": "10",
            "ALLOW_IANA_RESTRICTED_ADDRESSES": "true",
            "MINIMUM_SECONDS_RECHECK_TIME": "0",
            "DISABLE_VERSION_CHECK": "true",
            "LOGGER_LEVEL": "ERROR",
        }
        with (Path(self._folder.name) / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "-d", self._folder.name, "-p", str(self._port), "-h", "127.0.0.1"],
                env=environment,
                stdout=log,
                stderr=log,
            )
        if not wait_for(lambda: self._client.get("/").status_code < 500, 60):
            raise RuntimeError((Path(self._folder.name) / "log").read_text()[-2000:])
        return time.perf_counter() - begun

    def _key(self) -> str:
        for file in Path(self._folder.name).glob("*.json"):
            settings = json.loads(file.read_text()).get("settings", {})
            if token := settings.get("application", {}).get("api_access_token"):
                return token
        raise RuntimeError("changedetection.io has no API key yet")

    def watch(self, site: Site, count: int) -> None:
        """Watch this many pages, and tell a webhook of each change."""
        wait_for(lambda: bool(self._has_key()), 20)
        self._client.headers["x-api-key"] = self._key()
        hook = site.url.replace("http://", "json://") + "/hook"
        for number in range(count):
            body = {
                "url": f"{site.url}/page/{number}",
                "notification_urls": [hook],
                "notification_title": f"{number}",
                "notification_body": "{{watch_url}}",
                "notification_format": "text",
                "include_filters": [".price"],
                "time_between_check_use_default": False,
                "time_between_check": {"hours": 5},
            }
            answer = self._client.post("/api/v1/watch", json=body)
            answer.raise_for_status()
            self._watches.append(answer.json()["uuid"])
        wait_for(lambda: self._checked() >= count, 120, pause=0.2)

    def _has_key(self) -> bool:
        try:
            return bool(self._key())
        except (RuntimeError, ValueError):
            return False

    def _last_checked(self) -> dict[str, float]:
        listed = self._client.get("/api/v1/watch").json()
        return {uuid: watch.get("last_checked") or 0 for uuid, watch in listed.items() if uuid in set(self._watches)}

    def _checked(self) -> int:
        return sum(moment > 0 for moment in self._last_checked().values())

    def check_all(self) -> tuple[float, int]:
        """Recheck everything; seconds until the last one was checked. Its times are whole seconds, so a new one is awaited."""
        time.sleep(1.1)
        before = self._last_checked()
        begun = time.perf_counter()
        self.start_all()

        def done() -> bool:
            return sum(now > before[uuid] for uuid, now in self._last_checked().items()) >= len(before)

        wait_for(done, 60, pause=0.1)
        took = time.perf_counter() - begun
        return took, sum(now > before[uuid] for uuid, now in self._last_checked().items())

    def start_all(self) -> None:
        self._client.get("/api/v1/watch", params={"recheck_all": "1"}).raise_for_status()

    def start_check(self, number: int) -> None:
        self._client.get(f"/api/v1/watch/{self._watches[number]}", params={"recheck": "1"}).raise_for_status()

    def memory(self) -> float:
        assert self.process
        return memory_mb(self.process.pid)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self._folder.cleanup()
