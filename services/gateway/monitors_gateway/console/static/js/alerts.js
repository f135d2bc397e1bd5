// The inbox and the page of an alert: keys, selecting, and new alerts that do not move what one is about to click.
import { listKeys } from "./keys.js";

const find = (what, within = document) => within.querySelector(what);
const list = () => find("[data-list]");
const rows = () => [...document.querySelectorAll("[data-row]")];
const links = () => rows().map((row) => find("[data-open]", row));
const boxes = () => [...document.querySelectorAll("[data-row] input[type=checkbox]:not(:disabled)")];
const chosen = () => [...document.querySelectorAll("[data-row] input:checked")];
const current = () => document.activeElement.closest?.("[data-row]");
const help = () => find("#keys");

// -- keys ------------------------------------------------------------------------------------------------------------

listKeys(links, {
  x: () => {
    const box = current() && find("input[type=checkbox]:not(:disabled)", current());
    if (box) box.click();
  },
  a: () => change("acknowledge", "a"),
  r: () => change("resolve", "r"),
  s: () => all("silence")?.click(),
  g: () => all("assign")?.closest(".bulk-give").querySelector("input").focus(),
  ".": () => shown(),
  "/": () => find("[data-search]")?.focus(),
  "?": () => help()?.showModal(),
});

// What is selected, else the alert one is at, else the alert of this page.
function change(what, key) {
  if (chosen().length) {
    find(`#bulk button[value=${what}]`)?.click();
    return;
  }
  const where = list() ? current() : find("#alert-head");
  if (where) find(`button[data-key=${key}]`, where)?.click();
}

// A button for what is selected; with nothing selected, the alert one is at is.
function all(what) {
  if (!chosen().length) {
    const box = current() && find("input[type=checkbox]:not(:disabled)", current());
    if (!box) return null;
    box.click();
  }
  return find(`#bulk button[value=${what}]`);
}

if (help()) find("[data-help]").hidden = false;
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) help().showModal();
  if (event.target.closest("[data-news]")) shown();
  if (help() && event.target === help()) help().close();
});

// -- selecting -------------------------------------------------------------------------------------------------------

function count() {
  const words = find("[data-count]");
  if (words) words.textContent = `${chosen().length} selected`;
  const every = find("[data-all] input");
  if (!every) return;
  every.closest("[data-all]").hidden = !boxes().length;
  every.checked = chosen().length > 0 && chosen().length === boxes().length;
  every.indeterminate = chosen().length > 0 && !every.checked;
}
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.closest("[data-row], [data-all]")) count();
});
for (const drawn of ["console:changed", "live:updated"]) document.addEventListener(drawn, count);
count();

// -- after a change the page's content is new: whoever was at an alert stays there, or at what took its place ----------

let place = null;
let latest = null; // the list as it is by now, while somebody is at the one before
for (const moment of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
  document.addEventListener(moment, () => {
    const at = current();
    if (at) place = { id: at.id, index: rows().indexOf(at) };
  });
}
// The whole list is new: what was fetched before must not take its place when the focus leaves the one that goes.
document.addEventListener("htmx:beforeSwap", () => { latest = null; });
document.addEventListener("htmx:afterSettle", (event) => {
  if (help()) find("[data-help]").hidden = false;
  if (!place || !list() || !event.detail?.xhr) return;
  const row = document.getElementById(place.id) ?? rows()[Math.min(place.index, rows().length - 1)];
  place = null;
  (row && find("[data-open]", row))?.focus({ preventScroll: true });
});

// -- live ------------------------------------------------------------------------------------------------------------

// While somebody is at the list, or about to press the button, rows change where they stand, and new ones wait behind it.
const inUse = () => list().matches(":hover, :focus-within") || find("[data-news]").matches(":hover, :focus") || chosen().length > 0;

document.addEventListener("live:before", (event) => {
  if (event.target !== list()) return;
  latest = null;
  if (!inUse()) return;
  event.preventDefault();
  latest = event.detail.next;
  hold();
});

function hold() {
  const fresh = new Map([...latest.querySelectorAll("[data-row]")].map((row) => [row.id, row.cloneNode(true)]));
  for (const row of rows()) {
    const next = fresh.get(row.id);
    fresh.delete(row.id);
    if (next) Idiomorph.morph(row, next, { callbacks: { beforeNodeMorphed: (old) => old.type !== "checkbox" && old !== document.activeElement } });
    row.classList.toggle("gone", !next);
  }
  const news = find("[data-news]");
  news.hidden = fresh.size === 0;
  news.textContent = fresh.size === 1 ? "Show 1 new alert" : `Show ${fresh.size} new alerts`;
  htmx.process(list());
}

function shown() {
  if (!latest || !list()) return false;
  const at = current()?.id, ticked = new Set(chosen().map((box) => box.value));
  list().replaceWith(latest);
  latest = null;
  for (const box of document.querySelectorAll("[data-row] [type=checkbox]")) box.checked = ticked.has(box.value);
  find("[data-news]").hidden = true;
  count();
  document.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  const row = document.getElementById(at) ?? rows()[0];
  if (row) find("[data-open]", row).focus({ preventScroll: true });
  return true;
}

// Whoever has left the list sees what is new at once.
for (const leaving of ["pointerout", "focusout"]) {
  document.addEventListener(leaving, () => setTimeout(() => { if (latest && list() && !inUse()) shown(); }));
}
