// A form that is sent as it is typed, with `do=preview`, so that the page shows what it would do. What comes back is put into #preview.
const SETTLE = 400;

export function previewed(form) {
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

  form.addEventListener("input", (event) => {
    if (!form.contains(event.target)) return;
    clearTimeout(typing);
    typing = setTimeout(preview, SETTLE);
  });
  form.addEventListener("submit", () => {
    clearTimeout(typing);
    asking?.abort();
  });
}
