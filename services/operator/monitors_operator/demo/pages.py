"""The demo site's pages, before and after something happened. Invented, and made like pages people do watch."""

_STYLE = "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}</style>"
_SHELL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>{style}</head>
<body><nav><a href="/kettle">Shop</a> · <a href="/course">Courses</a> · <a href="/seats">Tickets</a></nav>
<main>{main}</main><footer><p>Free delivery from $99. Call 555-0147.</p></footer></body></html>"""

_KETTLE = """
<h1>Copper kettle, 1.5 l</h1>
<p>Rating 4.7 of 5 (213 reviews) · Item no. 48-1150</p>
<p class="prices"><s>$89.00</s> <strong>${price}</strong> <small>You save {saved} %</small></p>
<button>Add to basket</button>
<p>Polished copper with a walnut handle. Holds 1.5 litres, boils in 4 minutes.</p>
<aside><h2>Customers also bought</h2><ul>
<li><a href="/p/1">Tea strainer</a> <span class="price">$12.90</span></li>
<li><a href="/p/2">Kettle stand</a> <span class="price">$24.00</span></li>
<li><a href="/p/3">Copper pan</a> <s>$110.00</s> <span class="price">$79.00</span></li></ul></aside>"""

_COURSE = """
<h1>Evening course: letterpress printing</h1>
<p>Ten evenings at the old print shop, from the first hand-set line to an edition of fifty.
The course takes twelve people. In the autumn term 2 places were given by lot.</p>
<p>{registration} The course fee is ${fee}, paper included; tools can be borrowed for $15.</p>
<p>Questions? The office is open on weekdays from 9 to 12.</p>"""

_SEATS = """
<h1>The Harbour Quartet, Saturday</h1><p>Doors open at 19:30.</p><div id="app">Loading ...</div>
<script>
const performance_ = {{hall: "Small hall", seatsLeft: {seats}, price: 28}};
setTimeout(() => {{
  document.getElementById("app").innerHTML =
    "<table><tr><th>Hall</th><td>" + performance_.hall + "</td></tr>" +
    "<tr><th>Seats left</th><td>" + performance_.seatsLeft + "</td></tr>" +
    "<tr><th>Ticket</th><td>$" + performance_.price + "</td></tr></table>";
}}, 150);
</script>"""


def _page(title: str, main: str) -> str:
    return _SHELL.format(title=title, style=_STYLE, main=main)


BEFORE = {
    "/kettle": _page("Copper kettle", _KETTLE.format(price="64.00", saved=28)),
    "/course": _page(
        "Letterpress printing", _COURSE.format(registration="Registration is closed until the spring term.", fee=180)
    ),
    "/seats": _page("Tickets", _SEATS.format(seats=0)),
}
AFTER = {
    "/kettle": _page("Copper kettle", _KETTLE.format(price="47.50", saved=46)),
    "/course": _page("Letterpress printing", _COURSE.format(registration="Registration is open.", fee=195)),
    "/seats": _page("Tickets", _SEATS.format(seats=12)),
}
