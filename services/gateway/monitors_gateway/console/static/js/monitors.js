// The list: each card tells how far its check has come. What the check found comes with the live update of the card.
const WORDS = { fetching: "Fetching the page …", reading: "Reading the fact …", deciding: "Deciding …", done: "Done" };
const stages = new Map();

function show(monitor) {
  const place = document.querySelector(`[data-monitor="${CSS.escape(monitor)}"] .monitor-progress`);
  const words = WORDS[stages.get(monitor)];
  if (!place) return;
  place.hidden = !words;
  if (place.textContent !== (words ?? "")) place.textContent = words ?? "";
}

function forget(monitor, stage) {
  if (stages.get(monitor) !== stage) return;
  stages.delete(monitor);
  show(monitor);
}

document.addEventListener("live:signal", ({ detail: { stage, monitor } }) => {
  if (!stage || !monitor) return;
  stages.set(monitor, stage);
  show(monitor);
  // A page that comes no more is told by the platform after a while; nobody need look at a bar as long.
  setTimeout(forget, stage === "done" ? 1200 : 120000, monitor, stage);
});
// A card that was drawn anew knows nothing of a check under way.
for (const drawn of ["live:updated", "console:changed"]) document.addEventListener(drawn, () => stages.forEach((_, monitor) => show(monitor)));
