// Charts: <figure data-chart="address of JSON">, drawn by uPlot. The JSON is {unit, times: [epoch seconds], values:
// [number|null]} for one line, or {unit, times, series: [{label, values, reach}]} for several: a line goes on over as many
// empty steps as `reach` says.
//
// Several lines have their legend in the page: elements with data-series="number of the line" within the element that
// data-legend of the figure names by id. A button there shows and hides its line; one with data-at tells the value under the
// pointer, and [data-at-time] its time.
const styles = () => getComputedStyle(document.documentElement);
const COLOURS = 8;
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3]];
const known = new WeakMap();
const number = new Intl.NumberFormat(navigator.language, { maximumSignificantDigits: 5 });
const short = new Intl.NumberFormat(navigator.language, { notation: "compact", maximumSignificantDigits: 4 });
const time = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeStyle: "medium" });

function colour(name) {
  // Tokens are light-dark() pairs; an element resolves them for a canvas.
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.className = `probe-${name}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

async function draw(figure) {
  const place = figure.querySelector(".chart-plot");
  const answer = await fetch(figure.dataset.chart, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) {
    if (!known.has(place)) place.textContent = "The chart can't be loaded right now. Reload the page to try again.";
    return;
  }
  const { unit, times, values, series } = await answer.json();
  const lines = series ?? [{ label: figure.getAttribute("aria-label"), values }];
  const before = known.get(place);
  const same = before?.names === JSON.stringify([unit, lines.map((line) => line.label)]);
  const data = [times, ...lines.map((line) => bridged(line.values, line.reach ?? 0))];
  if (same) { before.chart.setData(data); return; }
  before?.end();
  place.replaceChildren();
  known.set(place, made(figure, place, unit, lines, data, Boolean(series)));
}

// uPlot goes on over what is undefined, and ends a line at null.
function bridged(values, reach) {
  const found = [...values];
  for (let at = 0, last = -1; at < found.length; at++) {
    if (found[at] === null) continue;
    if (last >= 0 && at - last - 1 <= reach) found.fill(undefined, last + 1, at);
    last = at;
  }
  return found;
}

function made(figure, place, unit, lines, data, several) {
  const written = (value) => (value == null ? "–" : `${number.format(value)}${unit ? `\u202f${unit}` : ""}`);
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: `12px ${styles().getPropertyValue("--font")}` };
  const points = { show: data[0].length < 60, size: 6 };
  const one = (line) => ({ label: line.label, stroke: colour("accent"), width: 2, fill: colour("accent-soft"), points, value: (_, value) => written(value) });
  const each = (line, at) => ({ label: line.label, stroke: colour(`series-${at % COLOURS + 1}`), width: 1.75, dash: DASHES[Math.floor(at / COLOURS) % DASHES.length], points: { show: data[0].length < 60, size: 5 } });
  const legend = several ? document.getElementById(figure.dataset.legend) : null;
  const room = several ? 0 : 32;
  const size = () => ({ width: place.clientWidth, height: place.clientHeight - room });
  const chart = new uPlot({
    ...size(),
    scales: { x: { time: true } },
    legend: { show: !several },
    focus: { alpha: 0.25 },
    axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => short.format(tick)) }],
    series: [{}, ...lines.map(several ? each : one)],
    cursor: { points: { size: 8 }, focus: { prox: several ? 24 : -1 } },
    hooks: legend ? { setCursor: [(self) => tellAt(self, legend, written)] } : {},
  }, data, place);
  // Lines that somebody hid stay hidden in a chart that was made anew.
  for (const button of legend?.querySelectorAll('[data-series] button[aria-pressed="false"]') ?? []) {
    chart.setSeries(Number(button.closest("[data-series]").dataset.series) + 1, { show: false });
  }
  const resized = new ResizeObserver(() => chart.setSize(size()));
  resized.observe(place);
  const names = JSON.stringify([unit, lines.map((line) => line.label)]);
  return { chart, names, end: () => { resized.disconnect(); chart.destroy(); } };
}

function tellAt(chart, legend, written) {
  const at = chart.cursor.idx;
  const when = legend.querySelector("[data-at-time]");
  const there = at != null && chart.cursor.left >= 0;
  if (when) when.textContent = there ? time.format(chart.data[0][at] * 1000) : when.dataset.atTime;
  for (const cell of legend.querySelectorAll("[data-at]")) {
    const row = cell.closest("[data-series]");
    cell.textContent = there ? written(chart.data[Number(row.dataset.series) + 1]?.[at]) : cell.dataset.at;
  }
}

function chartOf(row) {
  const figure = document.querySelector(`figure[data-legend="${CSS.escape(row.closest("[data-legend-of]").id)}"]`);
  return known.get(figure?.querySelector(".chart-plot"))?.chart;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-series] button[aria-pressed]");
  if (!button) return;
  const row = button.closest("[data-series]");
  const shown = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(shown));
  chartOf(row)?.setSeries(Number(row.dataset.series) + 1, { show: shown });
});
for (const [kind, focus] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
  document.addEventListener(kind, (event) => {
    const row = event.target.closest("[data-legend-of] [data-series]");
    if (row) chartOf(row)?.setSeries(focus ? Number(row.dataset.series) + 1 : null, { focus });
  });
}

function drawAll() {
  for (const figure of document.querySelectorAll("figure[data-chart]:not([data-drawn])")) { figure.dataset.drawn = "1"; draw(figure); }
}
document.addEventListener("console:changed", drawAll);

// A canvas keeps the colours that it was drawn in.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const figure of document.querySelectorAll("figure[data-drawn]")) {
    const before = known.get(figure.querySelector(".chart-plot"));
    if (before) before.names = null;
    draw(figure);
  }
});
drawAll();
