// What every page needs: live updates, true times, toasts that go, forms that replace only the page's content (forms.js: and lose nothing).
import { isTyped } from "./forms.js";
import { startLive } from "./live.js";
import { keepTimesTrue } from "./times.js";

// Forms of the console go by htmx: the answer's #main takes the place of ours, and what it says appears as a toast.
document.addEventListener("htmx:configRequest", (event) => {
  const csrf = document.querySelector('meta[name="csrf"]')?.content;
  if (csrf) event.detail.headers["X-CSRF-Token"] = csrf;
});

function enhance(root) {
  for (const copy of root.querySelectorAll("[data-copy][hidden]")) copy.hidden = false;
  for (const form of root.querySelectorAll("form[data-action]:not([hx-post])")) {
    form.setAttribute("hx-post", form.getAttribute("action"));
    form.setAttribute("hx-target", "#main");
    form.setAttribute("hx-select", "#main");
    form.setAttribute("hx-swap", "outerHTML show:none");
    form.setAttribute("hx-select-oob", "#toasts,#nav");
    form.setAttribute("hx-disabled-elt", "find button");
    htmx.process(form);
  }
  for (const form of root.querySelectorAll("form[data-filter]:not([hx-get])")) {
    form.setAttribute("hx-get", form.getAttribute("action"));
    form.setAttribute("hx-target", "#results");
    form.setAttribute("hx-select", "#results");
    form.setAttribute("hx-swap", "outerHTML");
    form.setAttribute("hx-replace-url", "true");
    form.setAttribute("hx-trigger", "submit, input delay:250ms");
    htmx.process(form);
  }
}

// A page about what went wrong on our side takes no place of what is there.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status < 500) return;
  detail.shouldSwap = false;
  say(`Something went wrong on our side. Try again in a moment. Request ${detail.xhr.getResponseHeader("X-Request-Id")}.`, "bad");
});
document.addEventListener("htmx:sendError", () => say("The platform can't be reached. Check your connection and try again.", "bad"));
document.addEventListener("htmx:afterSettle", () => { enhance(document); document.dispatchEvent(new CustomEvent("console:changed")); });

export function say(words, tone = "info") {
  const toast = document.createElement("div");
  toast.className = `toast toast-${tone}`;
  toast.dataset.toast = "";
  if (tone === "bad") toast.setAttribute("role", "alert");
  const text = document.createElement("p");
  text.textContent = words;
  toast.append(text);
  document.getElementById("toasts").append(toast);
}

export function announce(words) {
  document.getElementById("announcer").textContent = words;
}

// Toasts go by themselves, unless they are errors, hold a way back, or somebody is on them.
function dismissLater(toast) {
  const lasting = toast.classList.contains("toast-bad") || toast.querySelector("form") ? 20000 : 6000;
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
  setTimeout(leave, lasting);
}
const toasts = document.getElementById("toasts");
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) if (node.dataset && "toast" in node.dataset) dismissLater(node);
}).observe(toasts, { childList: true });
toasts.querySelectorAll("[data-toast]").forEach(dismissLater);

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
  for (const open of document.querySelectorAll("details:is(.confirm, .nav-sheet)[open]")) if (!open.contains(event.target)) open.open = false;
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(() => say("Copied.", "good"));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const kinds = "details:is(.confirm, .nav-sheet, .more-filters, .save-filter)[open]";
  const open = document.activeElement.closest(kinds) ?? document.querySelector(kinds);
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});

// Colours change with a new page; while something is typed, beneath it.
document.querySelector("form.theme")?.addEventListener("submit", (event) => {
  if (!isTyped()) return;
  event.preventDefault();
  const theme = event.submitter.value, form = event.target;
  fetch(form.action, { method: "POST", body: new URLSearchParams([...new FormData(form), ["theme", theme]]), redirect: "manual" });
  if (theme === "auto") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = theme;
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", button === event.submitter);
});

keepTimesTrue();
enhance(document);
if (document.body.hasAttribute("data-signed-in")) startLive({ root: document.body.dataset.root, announce });
