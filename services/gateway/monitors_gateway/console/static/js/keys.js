// Keys for lists: j and k move between the links that `links()` gives, `others` has the rest. Nothing while somebody types.
export function listKeys(links, others) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open]")) return;
    const act = { j: () => move(links(), 1), k: () => move(links(), -1), ...others }[event.key];
    if (act && act() !== false) event.preventDefault();
  });
}

function move(all, step) {
  const at = all.findIndex((link) => link === document.activeElement || link.closest("[data-row]")?.contains(document.activeElement));
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
