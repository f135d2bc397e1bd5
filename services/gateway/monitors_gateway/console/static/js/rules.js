// The form of a rule: what it would have done is shown while it is typed, and another kind begins with what was typed.
import { previewed } from "./preview.js";

const form = document.getElementById("rule-form");
previewed(form);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-kind]");
  if (!link) return;
  const address = new URL(link.dataset.kind, location.href);
  const rows = ["label", "match", "value"];
  const given = [...new FormData(form)].filter(([name, value]) => !["csrf", "kind", "made_of"].includes(name) && (value || rows.includes(name)));
  link.href = `${address.pathname}?${new URLSearchParams([["kind", address.searchParams.get("kind")], ...given])}`;
});
