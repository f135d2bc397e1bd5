// Relative times stay true while the page is open; the exact time on hover is in the reader's own zone.
const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
// As the server writes them (formats.py): the largest unit of which there is more than one, rounded.
const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const LEAST = 1.2;

function relative(seconds) {
  const away = Math.abs(seconds);
  if (away < 5) return "just now";
  const [unit, size] = UNITS.find(([, each]) => away / each >= LEAST);
  return words.format(Math.sign(seconds) * Math.round(away / size), unit);
}

function write(time) {
  const moment = new Date(time.dateTime);
  const seconds = (moment - Date.now()) / 1000;
  if (time.dataset.countdown !== undefined) {
    const left = Math.ceil(seconds);
    const shown = left <= 0 ? time.dataset.countdown : left < 100 ? `in ${left} s` : relative(seconds);
    if (time.textContent !== shown) time.textContent = shown;
    if (left <= 0) { time.removeAttribute("data-countdown"); time.dispatchEvent(new CustomEvent("countdown:done", { bubbles: true })); }
  } else {
    const shown = (time.dataset.prefix ?? "") + relative(seconds);
    if (time.textContent !== shown) time.textContent = shown;
  }
  if (!time.dataset.local) { time.title = exact.format(moment); time.dataset.local = "1"; }
}

export function keepTimesTrue() {
  const all = () => document.querySelectorAll("time[data-when], time[data-countdown]").forEach(write);
  all();
  setInterval(all, 1000);
}
