"""All services, wired as they run, on a runtime that is never started."""

import pytest
from pydantic import SecretStr

from monitors_operator.bootstrap import SERVICES, build
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    runtime = Runtime(RuntimeSettings(secret_key=SecretStr("x" * 40)))
    build(runtime, SERVICES)
    return runtime
