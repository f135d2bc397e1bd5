// Passwords can be shown while they are typed, and what a new one needs is ticked off. The server has the last word.
const icons = new URL("../vendor/icons.svg", import.meta.url).pathname;

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${icons}#${name}`);
  svg.append(use);
  return svg;
}

for (const input of document.querySelectorAll("input[type=password]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-button";
  const draw = () => {
    const shown = input.type === "text";
    button.replaceChildren(icon(shown ? "eye-off" : "eye"));
    button.title = shown ? "Hide what is typed" : "Show what is typed";
    button.setAttribute("aria-label", button.title);
    button.setAttribute("aria-controls", input.id);
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => { input.type = input.type === "text" ? "password" : "text"; draw(); });
  // A shown password must not be kept by the browser as an ordinary text.
  input.form.addEventListener("submit", () => { input.type = "password"; draw(); });
  draw();
  const box = document.createElement("span");
  box.className = "reveal";
  const focused = document.activeElement === input;
  input.replaceWith(box);
  box.append(input, button);
  if (focused) input.focus();
}

for (const list of document.querySelectorAll("[data-rules]")) {
  const input = document.getElementById(list.dataset.rules);
  const rules = [...list.children].map((item) => [item, new RegExp(item.dataset.pattern, "su")]);
  const tick = () => rules.forEach(([item, pattern]) => {
    const met = pattern.test(input.value);
    item.classList.toggle("met", met);
    item.setAttribute("aria-label", `${item.textContent}: ${met ? "yes" : "missing"}`);
  });
  input.addEventListener("input", tick);
  if (input.value) tick();
}
