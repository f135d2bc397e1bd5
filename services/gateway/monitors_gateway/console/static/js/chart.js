// Charts: <figure data-chart="address of JSON"> with {unit, times: [epoch seconds], values: [number|null]}, drawn by uPlot.
const styles = () => getComputedStyle(document.documentElement);
const colour = (name) => {
  // Tokens are light-dark() pairs; an element resolves them for a canvas.
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.className = `probe-${name}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

async function draw(figure) {
  const place = figure.querySelector(".chart-plot");
  const answer = await fetch(figure.dataset.chart, { headers: { Accept: "application/json" } });
  if (!answer.ok) { place.textContent = "The chart can't be loaded right now. Reload the page to try again."; return; }
  const { unit, times, values } = await answer.json();
  place.replaceChildren();
  const line = colour("accent"), muted = colour("muted"), grid = colour("line");
  const number = new Intl.NumberFormat(navigator.language, { maximumFractionDigits: 4 });
  const written = (value) => (value == null ? "–" : `${number.format(value)}${unit ? ` ${unit}` : ""}`);
  const axis = { stroke: muted, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: `12px ${styles().getPropertyValue("--font")}` };
  const chart = new uPlot({
    width: place.clientWidth, height: place.clientHeight - 32,
    scales: { x: { time: true } },
    axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => number.format(tick)) }],
    series: [{}, { label: figure.getAttribute("aria-label"), stroke: line, width: 2, fill: colour("accent-soft"), points: { show: times.length < 60, size: 6 }, value: (_, value) => written(value) }],
    cursor: { points: { size: 8 } },
  }, [times, values], place);
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: place.clientHeight - 32 })).observe(place);
}

function drawAll() {
  for (const figure of document.querySelectorAll("figure[data-chart]:not([data-drawn])")) { figure.dataset.drawn = "1"; draw(figure); }
}
document.addEventListener("console:changed", drawAll);
drawAll();
