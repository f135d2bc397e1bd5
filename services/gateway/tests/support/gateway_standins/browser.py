"""Somebody at the gateway."""

import itertools
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from monitors_contracts.base import Id, new_id

PASSWORD = "Correct1horse"
_numbers = itertools.count(1)


class Browser(httpx.AsyncClient):
    """An HTTP client of one gateway, as one user when it is signed in."""

    def __init__(self, app: FastAPI, address: str = "127.0.0.1") -> None:
        super().__init__(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://test")
        self.app = app
        self.user: dict[str, Any] = {}
        self.refresh_token = ""

    @property
    def organization_id(self) -> Id:
        return UUID(self.user["organizationId"])

    async def sign_up(self) -> "Browser":
        email = f"user{next(_numbers)}-{new_id().hex[-6:]}@example.com"
        reply = await self.post("/api/auth/register", json={"email": email, "password": PASSWORD, "name": "Robin"})
        assert reply.status_code == 201, reply.text
        return self.use(reply.json())

    def use(self, reply: dict[str, Any]) -> "Browser":
        self.user, self.refresh_token = reply["user"], reply["refreshToken"]
        self.headers["Authorization"] = f"Bearer {reply['token']}"
        return self

    async def watch(self, name: str = "kettle") -> str:
        prompt = "Tell me when the kettle at https://shop.example/kettle is below $50"
        reply = await self.post("/api/monitors", json={"prompt": prompt, "name": name})
        assert reply.status_code == 201, reply.text
        return reply.json()["monitor"]["id"]
