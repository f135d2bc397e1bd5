"""`python -m monitors_gateway` runs the gateway alone."""

from monitors_runtime.runtime import Runtime
from monitors_runtime.standalone import Web, run

from .app import build
from .gateway import Gateway
from .settings import GatewaySettings


def _web(runtime: Runtime) -> Web:
    _, application = build(runtime, GatewaySettings())
    gateway: Gateway = application.state.gateway
    return Web(application, gateway.feed.close)


run("gateway", _web)
