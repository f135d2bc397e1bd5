// The form of a rule: another kind begins with what was typed for this one.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-kind]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const kind = new URL(link.dataset.kind, location.href).searchParams.get("kind");
  const given = [...new FormData(document.getElementById("rule-form"))].filter(([name, value]) => !["csrf", "kind"].includes(name) && (value || name === "value" || name === "match" || name === "label"));
  link.href = `${new URL(link.dataset.kind, location.href).pathname}?${new URLSearchParams([["kind", kind], ...given])}`;
});
