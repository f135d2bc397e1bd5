"""A local site for benchmarks: product pages of 30 kB whose prices can be changed, and a webhook that notes arrivals.

Run as a process of its own (`python bench/pages.py PORT`), so that it takes nothing but a core from what is measured.
GET /page/N is a page, POST /prices {"N": price} changes prices, POST /hook takes a webhook, GET /hooks lists arrivals.
"""

import json
import random
import sys
import time

from aiohttp import web

FILLER = " ".join(
    random.Random(7).choices("stone river lamp copper north quiet paper wind bridge garden".split(), k=4200)  # noqa: SIM905
)


def page(number: int, price: float) -> str:
    """A product page of about 30 kB."""
    paragraphs = "".join(f"<p>{FILLER[start : start + 600]}</p>" for start in range(0, 25_800, 600))
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": f"Kettle {number}",
        "offers": {"@type": "Offer", "price": f"{price:.2f}", "priceCurrency": "USD"},
    }
    return (
        f"<!doctype html><html lang=en><head><title>Kettle {number}</title>"
        f"<script type='application/ld+json'>{json.dumps(data)}</script></head><body><main><h1>Kettle {number}</h1>"
        f"<p class=price>${price:.2f}</p>{paragraphs}</main></body></html>"
    )


class Site:
    """The prices, and what the webhook received."""

    def __init__(self) -> None:
        self.prices: dict[int, float] = {}
        self.changed_at: dict[int, float] = {}
        self.hooks: list[dict[str, object]] = []
        self.served = 0

    async def get_page(self, request: web.Request) -> web.Response:
        self.served += 1
        number = int(request.match_info["number"])
        return web.Response(text=page(number, self.prices.get(number, 100.0)), content_type="text/html")

    async def get_scripted(self, request: web.Request) -> web.Response:
        """A page whose price a script makes, so that only a browser can read it."""
        price = self.prices.get(int(request.match_info["number"]), 100.0)
        script = f"document.getElementById('app').innerHTML = '<p class=price>$' + ({price}).toFixed(2) + '</p>'"
        body = f"<main><h1>Kettle</h1><div id=app>Loading…</div><script>{script}</script></main>"
        return web.Response(text=f"<!doctype html><html><body>{body}</body></html>", content_type="text/html")

    async def post_prices(self, request: web.Request) -> web.Response:
        now = time.time()
        for number, price in (await request.json()).items():
            self.prices[int(number)] = price
            self.changed_at[int(number)] = now
        return web.json_response({"changedAt": now})

    async def post_hook(self, request: web.Request) -> web.Response:
        arrived = time.time()
        body = await request.text()
        self.hooks.append({"at": arrived, "id": request.headers.get("webhook-id", ""), "body": body})
        return web.Response()

    async def get_hooks(self, _: web.Request) -> web.Response:
        return web.json_response({"hooks": self.hooks, "served": self.served})

    async def delete_hooks(self, _: web.Request) -> web.Response:
        self.hooks.clear()
        return web.Response()


def application() -> web.Application:
    """The site."""
    site = Site()
    app = web.Application(client_max_size=10**7)
    app.router.add_get("/page/{number}", site.get_page)
    app.router.add_get("/scripted/{number}", site.get_scripted)
    app.router.add_post("/prices", site.post_prices)
    app.router.add_post("/hook", site.post_hook)
    app.router.add_get("/hooks", site.get_hooks)
    app.router.add_delete("/hooks", site.delete_hooks)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
