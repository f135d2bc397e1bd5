// Live updates. The server says what has changed (`about`); regions that show it (`data-live="alerts monitor.<id>"`,
// each with an id) are fetched anew with their page and morphed in place, so that focus and selection stay.
//
// A page may ask for it too: "live:ask" on the document (detail: what is out of date), and an element with `data-every="10"`
// has its page asked for what it names in `data-about` so often, in seconds, while somebody looks.
//
// A region with `data-reload` that is not on the page any more has given way to another page: it is loaded whole.
//
// Others may listen: document "live:signal" (detail: { type, about, stage?, monitor?, check? }), "live:updated"; and on a
// region "live:before" (detail: { next }), which may be prevented by whoever puts `next` there in its own way or time.
import { isTyped } from "./forms.js";

const SETTLE = 250;
const RETRY = 3000;
const RARELY = 60000;
const HIDDEN_FOR = 30000;
const PATIENCE = 5; // tries; then the place itself may be what is refused

export function startLive({ root, announce }) {
  const banner = document.getElementById("connection");
  // From where the page was made: what happened since, before this connection, is told as well.
  let position = document.body.dataset.position;
  let source, timer, hiddenTimer, waiting = false, again = false, tries = 0, failures = 0, acted = 0;
  let over = false; // nothing can be told any more: the session has ended, or what the page shows is gone
  const dirty = new Set();

  function connect() {
    if (over) return;
    source?.close();
    source = new EventSource(`${root}/events${position ? `?after=${encodeURIComponent(position)}` : ""}`);
    source.addEventListener("connected", (event) => {
      position ??= event.data;
      tries = 0;
      show("");
      if (failures) { clearTimeout(timer); timer = setTimeout(update, 0); }
      document.body.dataset.live = "on";
    });
    source.addEventListener("signal", (event) => { position = event.lastEventId; hear(JSON.parse(event.data)); });
    source.addEventListener("signed-out", signedOut);
    source.onerror = async () => {
      delete document.body.dataset.live;
      show("Live updates are interrupted. Reconnecting …");
      if (source.readyState !== EventSource.CLOSED) return;
      const answer = await fetch(location.href, { headers: { "X-Live": "1" } }).catch(() => null);
      if (answer?.status === 401) return signedOut();
      if (tries >= PATIENCE) position = undefined;
      setTimeout(connect, Math.min(30000, 1000 * 2 ** tries++));
    };
  }

  // A form that is just being sent leads somewhere itself: signing out, or deleting the account, is no surprise then.
  let leaving = false;
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    leaving = true;
    setTimeout(() => { leaving = false; }, 10000);
  });

  function end() {
    over = true;
    source?.close();
    delete document.body.dataset.live;
  }

  function signedOut() {
    end();
    if (leaving) return;
    const login = `${root}/login?because=ended&next=${encodeURIComponent(location.pathname + location.search)}`;
    if (!isTyped()) { location.assign(login); return; }
    show("You are signed out. Sign in in another tab, then go on here.", link("Sign in", login, "_blank"));
    window.addEventListener("focus", goOn);
  }

  // Signed in again elsewhere: what is typed here is sent in the name of the session there is now.
  async function goOn() {
    const answer = await fetch(location.href, { headers: { "X-Live": "1", Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok || !over) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const csrf = fresh.querySelector('meta[name="csrf"]').content;
    document.querySelector('meta[name="csrf"]').content = csrf;
    for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
    window.removeEventListener("focus", goOn);
    over = false;
    show("");
    connect();
  }

  function gone() {
    end();
    const list = document.querySelector("#nav [aria-current=page]");
    show("This is not there any more.", link(`To ${list?.querySelector("span").textContent ?? "the start"}`, list?.href ?? root));
  }

  function link(words, href, target = "") {
    const made = document.createElement("a");
    Object.assign(made, { textContent: words, href, target });
    return made;
  }

  function show(words, onward) {
    if (over && !onward) return;
    if (onward) banner.replaceChildren(`${words} `, onward);
    else if (banner.textContent !== words) banner.textContent = words;
    banner.hidden = !words;
  }

  function hear(signal) {
    document.dispatchEvent(new CustomEvent("live:signal", { detail: signal }));
    if (signal.say) announce(signal.say);
    signal.about.forEach((each) => dirty.add(each));
    timer ??= setTimeout(update, SETTLE);
  }

  async function update() {
    timer = undefined;
    if (over) return;
    if (waiting) { again = true; return; }
    const named = [...dirty];
    dirty.clear();
    const stale = [...document.querySelectorAll("[data-live][id]")].filter((region) => region.dataset.live.split(" ").some((each) => named.includes(each)));
    if (!stale.length) return;
    waiting = true;
    const before = acted, address = location.href;
    try {
      const answer = await fetch(address, { headers: { "X-Live": "1", Accept: "text/html" } });
      if (answer.status === 401) return signedOut();
      const isGone = answer.status === 404 || answer.status === 410;
      if (!answer.ok && !isGone) throw new Error(answer.status);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (acted !== before || location.href !== address) { named.forEach((each) => dirty.add(each)); again = true; return; }
      failures = 0;
      if (isGone) return gone();
      for (const region of stale) {
        const next = fresh.getElementById(region.id);
        if (!next && region.hasAttribute("data-reload")) { location.reload(); return; }
        if (!next || !region.isConnected) continue;
        if (!region.dispatchEvent(new CustomEvent("live:before", { bubbles: true, cancelable: true, detail: { next } }))) continue;
        Idiomorph.morph(region, next, { callbacks: { beforeNodeMorphed: keep } });
        htmx.process(region);
      }
      document.dispatchEvent(new CustomEvent("live:updated"));
      document.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
    } catch {
      // Out of reach for now: these parts are still out of date, and asked for again.
      named.forEach((each) => dirty.add(each));
      timer ??= setTimeout(update, Math.min(RARELY, RETRY * 2 ** failures++));
    } finally {
      waiting = false;
      if (again) { again = false; timer ??= setTimeout(update, SETTLE); }
    }
  }

  // What somebody is using or has opened is theirs: typed text, ticked boxes, open details, drawn charts.
  function keep(old, next) {
    if (old.nodeType !== Node.ELEMENT_NODE) return true;
    if (old.matches("[data-keep], .chart-plot")) return false;
    if (old.matches("input, textarea, select") && (old === document.activeElement || old.type === "checkbox")) return false;
    if (old.tagName === "DETAILS" && old.open) next.setAttribute("open", "");
    if (old.tagName === "TIME" && next.getAttribute?.("datetime") === old.getAttribute("datetime")) return false;
    return true;
  }

  document.addEventListener("live:ask", ({ detail }) => {
    detail.forEach((each) => dirty.add(each));
    timer ??= setTimeout(update, 0);
  });
  let asked = Date.now();
  setInterval(() => {
    const regular = document.querySelector("[data-every]");
    const every = Number(regular?.dataset.every);
    if (!every || document.hidden || Date.now() - asked < every * 1000) return;
    asked = Date.now();
    document.dispatchEvent(new CustomEvent("live:ask", { detail: [regular.dataset.about] }));
  }, 1000);

  // What was fetched before somebody acted must not take the place of what came of it.
  for (const act of ["htmx:beforeRequest", "htmx:afterSwap"]) document.addEventListener(act, () => { acted++; });
  window.addEventListener("offline", () => show("You are offline. What you see may be out of date."));
  window.addEventListener("online", () => { show(""); connect(); });
  // A browser has few connections to one host: tabs that nobody looks at give theirs back.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = setTimeout(() => { source?.close(); source = null; delete document.body.dataset.live; }, HIDDEN_FOR);
    else if (!source) connect();
  });
  // A page kept for the way back must be made current when it returns.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  window.addEventListener("pagehide", () => source?.close());

  connect();
}
