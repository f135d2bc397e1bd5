// The form of a rule: what it would have done is shown while it is typed, and another kind begins with what was typed.
const form = document.getElementById("rule-form");
const SETTLE = 400;
let typing, asking;

async function preview() {
  asking?.abort();
  asking = new AbortController();
  const shown = document.getElementById("preview");
  shown.setAttribute("aria-busy", "true");
  const fields = new URLSearchParams(new FormData(form));
  fields.append("do", "preview");
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "text/html" }, signal: asking.signal });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
    if (next) document.getElementById("preview").replaceWith(next);
  } catch {
    // Asked anew meanwhile, or out of reach: what is shown is told to be of before.
  }
}

form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(preview, SETTLE);
});
form.addEventListener("submit", () => {
  clearTimeout(typing);
  asking?.abort();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-kind]");
  if (!link) return;
  const address = new URL(link.dataset.kind, location.href);
  const rows = ["label", "match", "value"];
  const given = [...new FormData(form)].filter(([name, value]) => name !== "csrf" && name !== "kind" && (value || rows.includes(name)));
  link.href = `${address.pathname}?${new URLSearchParams([["kind", address.searchParams.get("kind")], ...given])}`;
});
