"""The demo site's pages, as they are in each of its states. Invented, and made like pages people do watch."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class State:
    """What the demo site says: prices and fee in dollars."""

    kettle_price: float = 64.0
    registration_open: bool = False
    course_fee: int = 180
    seats_left: int = 0


def pages(state: State) -> dict[str, str]:
    """The site's pages in this state, by path. The first one changes it."""
    registration = "is open" if state.registration_open else "is closed until the spring term"
    saved = round(100 * (1 - state.kettle_price / 89))
    return {
        "/": _page("Demo site", _controls(state)),
        "/kettle": _page("Copper kettle", _KETTLE.format(price=f"{state.kettle_price:.2f}", saved=saved)),
        "/course": _page(
            "Letterpress printing",
            _COURSE.format(registration=f"Registration {registration}.", fee=state.course_fee),
        ),
        "/seats": _page("Tickets", _SEATS.format(seats=state.seats_left)),
    }


def _controls(state: State) -> str:
    checked = " checked" if state.registration_open else ""
    return f"""
<h1>Demo site</h1>
<p>Pages to watch. Change what they say, then check your monitor again.</p>
<form method="post" action="/">
<p><label><a href="/kettle">Copper kettle</a>, price in dollars
<input name="kettle_price" type="number" min="1" max="9999" step="0.01"
value="{state.kettle_price:.2f}"></label></p>
<p><label><input name="registration_open" type="checkbox" value="yes"{checked}> Registration for the
<a href="/course">course</a> is open</label></p>
<p><label>Course fee in dollars <input name="course_fee" type="number" min="1" max="9999"
value="{state.course_fee}"></label></p>
<p><label><a href="/seats">Seats left</a> <input name="seats_left" type="number" min="0" max="999"
value="{state.seats_left}"></label></p>
<p><button>Change the pages</button></p>
</form>"""


BEFORE = State()
AFTER = State(kettle_price=47.5, registration_open=True, course_fee=195, seats_left=12)
