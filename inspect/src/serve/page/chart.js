// Lines over the last two minutes. Both axes are said: the highest value, zero, and the time.
const known = new Map();
/** Where each value of a line of this width stands, as text: the same for all of them. */
function places(width) {
  if (!known.has(width)) known.set(width, Array.from({ length: KEPT }, (_, index) => ((index * width) / (KEPT - 1)).toFixed(1)));
  return known.get(width);
}
function path(series, width, height, low, high) {
  let out = "";
  let pen = false;
  const across = places(width);
  const scale = high > low ? height / (high - low) : 0;
  const skipped = KEPT - series.length;
  for (let index = 0; index < series.length; index += 1) {
    const value = series.at(index);
    if (!Number.isFinite(value)) { pen = false; continue; }
    out += `${pen ? "L" : "M"}${across[skipped + index]} ${Math.round((height - (value - low) * scale) * 10) / 10}`;
    pen = true;
  }
  return out;
}
function range(series) {
  let low = 0;
  let high = 0;
  for (let index = 0; index < series.length; index += 1) {
    const value = series.at(index);
    if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
  }
  return [low, high];
}
/** A small line in a cell: its highest value stands beside it, the baseline is zero, two minutes wide. */
function sparkCell(node, series, words, most) {
  let parts = node.parts;
  if (!parts) {
    const line = svg("path");
    const top = svg("text", { x: 2, y: 8 });
    const drawing = svg("svg", { class: "spark", viewBox: "0 0 120 24", preserveAspectRatio: "none", role: "img" },
      svg("line", { x1: 0, y1: 23.5, x2: 120, y2: 23.5 }), line);
    const text = h("span.dim.num");
    const box = h("div", {}, drawing, text);
    classes(box, "sparked");
    node.replaceChildren(box);
    node.parts = parts = { line, top, drawing, text };
  }
  if (!series) { attribute(parts.line, "d", ""); put(parts.text, ""); attribute(parts.drawing, "aria-label", "no line is kept of it"); return; }
  const [low, high] = range(series);
  attribute(parts.line, "d", path(series, 120, 22, low, most ?? high));
  put(parts.text, `≤ ${words(most ?? high)}`);
  attribute(parts.drawing, "aria-label", `last two minutes: at most ${words(high)}`);
}
/** A large one, with its axes. */
class Chart {
  constructor(name) {
    this.line = svg("path", { transform: "translate(60 10)" });
    this.marks = [0, 1, 2].map((index) => svg("text", { x: 54, y: 14 + index * 55, "text-anchor": "end" }));
    const grid = [0, 1, 2].map((index) => svg("line", { x1: 60, x2: 420, y1: 10 + index * 55, y2: 10 + index * 55 }));
    const times = [["−2 min", 60, "start"], ["−1 min", 240, "middle"], ["now", 420, "end"]];
    this.node = svg("svg", { class: "chart", viewBox: "0 0 430 142", role: "img" }, ...grid, this.line, ...this.marks,
      ...times.map(([text, x, anchor]) => { const node = svg("text", { x, y: 137, "text-anchor": anchor }); node.textContent = text; return node; }));
    this.name = name;
  }
  draw(series, words) {
    if (!series) return;
    const [low, most] = range(series);
    const high = most === low ? low + 1 : most;
    attribute(this.line, "d", path(series, 360, 110, low, high));
    [high, (high + low) / 2, low].forEach((value, index) => put(this.marks[index], words(value)));
    attribute(this.node, "aria-label", `${this.name}, last two minutes, from ${words(low)} to ${words(most)}`);
  }
}
