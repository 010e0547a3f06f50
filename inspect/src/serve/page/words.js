// Numbers in words, as the command line has them.
const NONE = "–";
const three = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** A time from nanoseconds. */
function time(ns) {
  if (ns === null || ns === undefined || !isFinite(ns)) return NONE;
  ns = Math.max(0, ns);
  if (ns < 1e3) return `${Math.round(ns)}ns`;
  if (ns < 999.5e3) return `${three(ns / 1e3)}µs`;
  if (ns < 999.5e6) return `${three(ns / 1e6)}ms`;
  if (ns < 60e9) return `${three(ns / 1e9)}s`;
  const s = Math.floor(ns / 1e9);
  if (s < 3600) return `${Math.floor(s / 60)}m${String(s % 60).padStart(2, "0")}s`;
  if (s < 86400) return `${Math.floor(s / 3600)}h${String(Math.floor(s / 60) % 60).padStart(2, "0")}m`;
  return `${Math.floor(s / 86400)}d${String(Math.floor(s / 3600) % 24).padStart(2, "0")}h`;
}
/** An age that counts: steady digits while it grows. */
function age(ms) {
  if (ms === null || ms === undefined) return NONE;
  ms = Math.max(0, ms);
  if (ms < 1000) return `${Math.round(ms / 10) * 10}ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)}s`;
  return time(ms * 1e6);
}
/** Made once: `toLocaleString` makes its own each time. */
const grouped = new Intl.NumberFormat("en-US");
const whole = (value) => (value === null || value === undefined ? NONE : grouped.format(Math.round(value)));
function short(value) {
  if (value === null || value === undefined || !isFinite(value)) return NONE;
  const size = Math.abs(value);
  for (const [unit, sign] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) if (size >= unit * 0.9995) return `${three(value / unit)}${sign}`;
  return Number.isInteger(value) ? String(value) : three(value);
}
function bytes(value) {
  if (value === null || value === undefined) return NONE;
  for (const [unit, sign] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]) if (Math.abs(value) >= unit) return `${three(value / unit)}${sign}`;
  return `${value}B`;
}
const SCALES = { nanoseconds: 1, ns: 1, microseconds: 1e3, us: 1e3, milliseconds: 1e6, ms: 1e6, seconds: 1e9, s: 1e9 };
/** A value in its unit. */
function quantity(value, unit) {
  if (value === null || value === undefined) return NONE;
  if (SCALES[unit]) return time(value * SCALES[unit]);
  if (unit === "bytes") return bytes(value);
  return Math.abs(value) < 1e5 && Number.isInteger(value) ? whole(value) : short(value);
}
const percent = (value) => (value === null || value === undefined ? NONE : `${(value * 100).toFixed(value < 0.0995 ? 1 : 0)}%`);
/** The end of a path, which says most. */
function file(path, line) {
  if (!path) return "";
  const name = path.split("/").slice(-2).join("/");
  return line ? `${name}:${line}` : name;
}
/** Whether a text fits a pattern. Not by a regular expression: a link with many stars would hold the page for hours. */
function fits(form, text) {
  let [at, star, from] = [0, -1, 0];
  for (let next = 0; next < text.length;) {
    if (form[at] === "*") { star = at; from = next; at += 1; } else if (form[at] === "?" || form[at] === text[next]) { at += 1; next += 1; } else if (star >= 0) { at = star + 1; from += 1; next = from; } else return false;
  }
  while (form[at] === "*") at += 1;
  return at === form.length;
}
/** What is looked for: a pattern with * and ?, else a part, in any case. */
function matcher(text) {
  if (!text) return () => true;
  const wanted = text.toLowerCase();
  if (!/[*?]/.test(wanted)) return (...fields) => fields.some((field) => field && field.toLowerCase().includes(wanted));
  return (...fields) => fields.some((field) => field && fits(wanted, field.toLowerCase()));
}
/** `1.5s` in milliseconds; null when it is no time. */
function milliseconds(text) {
  const found = /^(\d+(?:\.\d+)?)(us|ms|s|m|h|)$/.exec((text || "").trim());
  return found ? found[1] * { us: 1e-3, ms: 1, s: 1e3, "": 1e3, m: 6e4, h: 36e5 }[found[2]] : null;
}
/** Two values in order; what is absent comes last, whichever way. */
function order(a, b, down) {
  const none = (value) => value === null || value === undefined || value === "";
  if (none(a) || none(b)) return none(a) - none(b);
  const by = typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
  return down ? -by : by;
}
