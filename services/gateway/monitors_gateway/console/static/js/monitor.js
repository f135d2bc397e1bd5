// Check now, followed live: the form is sent without waiting, and each stage is shown as the platform reaches it.
import { announce, say } from "./console.js";

const ORDER = ["fetching", "reading", "deciding"];
const LINGER = 900;
const PATIENCE = 60000;
const stages = () => document.getElementById("stages");
let ending, givingUp, told = false;

function show(stage) {
  const list = stages();
  if (!list) return;
  clearTimeout(ending);
  clearTimeout(givingUp);
  const at = stage === "done" ? ORDER.length : ORDER.indexOf(stage);
  list.hidden = false;
  list.dataset.reached = stage;
  [...list.children].forEach((each, place) => {
    each.classList.toggle("is-done", place < at);
    each.classList.toggle("is-now", place === at);
  });
  if (stage === "done") { told = true; ending = setTimeout(hide, LINGER); return; }
  busy(true);
  announce(list.children[at].textContent);
  givingUp = setTimeout(() => location.reload(), PATIENCE);
}

function hide() {
  clearTimeout(givingUp);
  const list = stages();
  if (list) list.hidden = true;
  busy(false);
}

function busy(is) {
  const button = document.querySelector("form[data-check] button");
  if (button) button.disabled = is;
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-check]");
  if (!form || document.body.dataset.live !== "on") return;
  event.preventDefault();
  const body = new FormData(form);
  show("fetching");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.ok) return;
    hide();
    say(answer.headers.get("content-type")?.includes("json") ? (await answer.json()).words : "The check could not be started. Reload the page and try again.", "bad");
  } catch {
    hide();
    say("The platform can't be reached. Check your connection and try again.", "bad");
  }
});

document.addEventListener("live:signal", ({ detail }) => {
  if (detail.stage && detail.monitor === stages()?.dataset.stages) show(detail.stage);
});

// The page has been made current after a verdict: say it, and draw the new value.
document.addEventListener("live:updated", () => {
  if (!told) return;
  told = false;
  announce(document.getElementById("said")?.textContent ?? "");
  for (const figure of document.querySelectorAll("figure[data-chart]")) delete figure.dataset.drawn;
  document.dispatchEvent(new CustomEvent("console:changed"));
});
