// What somebody has typed, and where they are, outlasts a form that replaces the page's content. And a form is sent once.
const PATIENCE = 10000; // then a form that led nowhere, such as to a download, may be sent again
const main = () => document.getElementById("main");
const isBox = (field) => field.type === "checkbox" || field.type === "radio";
const fieldsOf = (form) => [...form.elements].filter((each) => each.name && each.matches("textarea, select, input:not([type=hidden], [type=file])"));
const keyOf = (form) => `${form.getAttribute("action")} ${form.id}`;
const nameOf = (field) => (isBox(field) ? `${field.name}=${field.value}` : field.name);

function differs(field) {
  if (isBox(field)) return field.checked !== field.defaultChecked;
  if (field.tagName === "SELECT") return field.selectedIndex !== Math.max(0, [...field.options].findIndex((each) => each.defaultSelected));
  return field.value !== field.defaultValue;
}

// Whether leaving the page would lose something: text that differs, or a form shown again to be corrected.
export function isTyped() {
  const forms = [...document.querySelectorAll('form[method="post"]')];
  return forms.some((form) => form.querySelector("[aria-invalid=true]") || fieldsOf(form).some(differs));
}

// -- what is typed elsewhere stays --------------------------------------------------------------------------------------

let typed = null;

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const sent = detail.requestConfig?.elt;
  if (!sent?.matches("form[data-action]")) return;
  const forms = [...main().querySelectorAll("form")];
  const fields = forms.flatMap((form) => fieldsOf(form).filter(differs).map((field) => ({
    key: keyOf(form), name: nameOf(field), value: field.value, checked: field.checked, isSent: form === sent,
  })));
  const open = [...main().querySelectorAll("details[open]:not(.confirm)")].filter((each) => !each.contains(sent)).map(detailsKey);
  typed = { fields, open };
});

const detailsKey = (details) => `${details.parentElement.closest("[id]").id} ${details.querySelector("summary").textContent.trim()}`;

function putBack({ fields, open }) {
  // What was refused is to be corrected, not typed again.
  const refused = document.querySelector("#toasts .toast-bad") !== null;
  for (const { key, name, value, checked, isSent } of fields) {
    if (isSent && !refused) continue;
    const form = [...main().querySelectorAll("form")].find((each) => keyOf(each) === key);
    const field = form && fieldsOf(form).find((each) => nameOf(each) === name && !each.disabled);
    if (!field) continue;
    if (isBox(field)) field.checked = checked; else field.value = value;
    const within = field.closest("details");
    if (within) within.open = true;
  }
  for (const details of main().querySelectorAll("details")) if (open.includes(detailsKey(details))) details.open = true;
}

// -- where somebody is ----------------------------------------------------------------------------------------------------

let place = null;

function signOf(control) {
  if (!control.form) return control.getAttribute("href") ?? control.textContent.trim();
  const said = control.tagName === "BUTTON" ? `${control.value} ${control.textContent.trim()}` : nameOf(control);
  return `${keyOf(control.form)} ${control.tagName} ${control.name} ${said}`;
}

document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  typed = place = null;
  if (!elt.matches("form[data-action]")) return;
  const at = document.activeElement;
  const control = main().contains(at) && at !== main() ? at : elt.querySelector("button");
  place = { sign: signOf(control), row: control.closest("li, tr, article")?.querySelector("a[href]")?.getAttribute("href") };
});

// To the same control, else to what opens it, else to the row it was in, else to where the content begins.
function goBack({ sign, row }) {
  if (document.activeElement && document.activeElement !== document.body) return;
  const all = [...main().querySelectorAll("a[href], button, input, select, textarea, summary")];
  const same = all.find((each) => signOf(each) === sign);
  const link = row && all.find((each) => each.getAttribute("href") === row);
  for (const each of [firstWrong(), same, same?.closest("details")?.querySelector("summary"), link, main()]) {
    each?.focus({ preventScroll: true });
    if (each && document.activeElement === each) return;
  }
}

const firstWrong = () => main().querySelector("[aria-invalid=true]");

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!detail?.xhr) return;
  if (typed) putBack(typed);
  if (typed && place) goBack(place);
  typed = place = null;
});
firstWrong()?.focus();

// -- once -----------------------------------------------------------------------------------------------------------------

let onTheWay = new WeakSet();

function goes(form) {
  onTheWay.add(form);
  setTimeout(() => onTheWay.delete(form), PATIENCE);
}

document.addEventListener("submit", (event) => {
  if (!onTheWay.has(event.target)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
// Last of all who hear of it: what a script sends itself is that script's.
window.addEventListener("submit", ({ target, defaultPrevented }) => {
  if (!defaultPrevented && target.getAttribute("method") === "post") goes(target);
});
document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => { if (elt.matches("form[data-action]")) goes(elt); });
document.addEventListener("htmx:afterRequest", ({ detail: { elt } }) => onTheWay.delete(elt));
window.addEventListener("pageshow", () => { onTheWay = new WeakSet(); });
