// The form of a graph: what is changed is shown at once, and stands in the address to share.
const form = () => document.getElementById("explore-form");

function go() {
  const given = [...new FormData(form())];
  // A row of an empty label says nothing; its three fields stay out of the address together.
  const kept = given.filter(([name, value], at) => {
    if (name === "label") return value;
    if (name === "match") return given[at - 1]?.[1];
    if (name === "value") return given[at - 2]?.[1];
    return value || name === "by";
  });
  const query = new URLSearchParams(kept);
  history.pushState(null, "", `${form().action}?${query}`);
  ask();
}

function ask() {
  document.dispatchEvent(new CustomEvent("live:ask", { detail: ["explore"] }));
}

let typing;
document.addEventListener("change", (event) => { if (event.target.closest("[data-explore]") && event.target.type !== "search") go(); });
document.addEventListener("input", (event) => {
  if (event.target.type !== "search" || !event.target.closest("[data-explore]")) return;
  clearTimeout(typing);
  typing = setTimeout(go, 250);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-explore]")) return;
  event.preventDefault();
  go();
});
addEventListener("popstate", () => location.reload());
