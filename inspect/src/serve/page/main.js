// Everything together: the views, the bar, the keys. A picture is drawn at most once a frame, after something changed.
const views = { why, boards: boardsView, threads: threadsView, ops: opsView, numbers: numbersView, profile: profileView, history: historyView };
/** Looks that came while the picture was held, as many as are kept; `late` when there were more. */
const HELD = 600;
let held = [];
let late = false;
let due = false;
function paint() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; draw(); });
}
let shown = null;
/** A link may name a board that is gone: an empty table alone would say that all is well with it. */
const absent = h("p.note", { id: "absent", role: "status", hidden: true });
function missing() {
  const { board, view } = place.now;
  absent.hidden = !board || !store.seq || view === "history" || store.meant().length > 0;
  const silent = store.silent();
  if (!absent.hidden && silent) put(absent, `No host that answers has a board ${board}; of those that do not (${silent}) it is not known. Why says what keeps them.`);
  else if (!absent.hidden) put(absent, `There is no board ${board} here any more: its process ended and another one's board took its place, or it was removed. The list above has those that there are.`);
}
function draw() {
  const { view } = place.now;
  const one = views[view];
  if (shown !== view) {
    shown = view;
    hideDetail();
    $("main").replaceChildren(h("h2.sr", {}, VIEWS.find(([name]) => name === view)[1]), absent, one.node);
  }
  missing();
  if (!place.now.select && $("detail").of) hideDetail();
  bar();
  one.draw();
}

const nav = new Map();
for (const [index, [view, label]] of VIEWS.entries()) {
  const count = h("span.count");
  const link = h("a", { href: "#", "aria-keyshortcuts": String(index + 1), title: `${label} (${index + 1})` }, h("span", {}, label), count);
  link.addEventListener("click", (event) => { if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); place.go({ view }, true); $("main").focus(); } });
  nav.set(view, { link, count });
  $("nav").append(link);
}
let listed = "";
function bar() {
  for (const [view, { link, count }] of nav) {
    attribute(link, "aria-current", view === place.now.view ? "page" : null);
    attribute(link, "href", place.link({ view }));
    const boards = store.shown();
    const number = { boards: store.boards.size, threads: boards.reduce((sum, board) => sum + board.threads.size, 0), ops: boards.reduce((sum, board) => sum + board.ops.size, 0) }[view];
    put(count, number === undefined ? "" : whole(number));
  }
  const all = [...store.boards.values()].sort((a, b) => b.exists - a.exists || order(a.name, b.name));
  const options = [["", `all boards (${all.filter((board) => board.exists).length} running)`], ...all.map((board) => [board.exists ? board.ref : board.key, `${board.title}${board.head.state === "live" ? "" : ` (${board.head.state})`}`])];
  const said = place.now.board ?? "";
  if (said && !options.some(([value]) => value === said)) options.splice(1, 0, [said, said]);
  const text = JSON.stringify([options, said]);
  if (listed !== text) {
    listed = text;
    $("board").replaceChildren(...options.map(([value, label]) => h("option", { value, selected: value === said }, label)));
    $("board").value = said;
  }
  const meant = store.meant();
  document.title = [meant.length === 1 ? meant[0].name : server.health.host, VIEWS.find(([view]) => view === place.now.view)[1], "inspect"].filter(Boolean).join(" · ");
}
function state() {
  const node = $("state");
  const silent = store.silent();
  const hosts = () => `live: ${store.endpoints.length - silent} of ${store.endpoints.length} hosts`;
  put(node, place.paused ? "held: the picture stands still" : store.trouble ? `not live: ${store.trouble}` : store.endpoints ? hosts() : `live on ${server.health.host ?? "this host"}`);
  classes(node, `state ${place.paused ? "" : store.trouble || (silent && silent === store.endpoints.length) ? "lost" : silent ? "part" : "ok"}`);
}

function pause() {
  place.paused = !place.paused;
  if (!place.paused && late) server.again();
  $("pause").setAttribute("aria-pressed", String(place.paused));
  state();
  paint();
}
$("pause").addEventListener("click", pause);
$("enter").addEventListener("click", () => server.ask(false, true).catch(() => { /* asked again by the same button */ }));
$("board").addEventListener("change", () => place.go({ board: $("board").value || null, select: null, zoom: null }, true));

const system = matchMedia("(prefers-color-scheme: dark)");
function theme(next) {
  const chosen = next ?? kept.get("localStorage", "theme") ?? "system";
  if (next) kept.set("localStorage", "theme", next);
  document.documentElement.classList.toggle("dark", chosen === "dark" || (chosen === "system" && system.matches));
  put($("theme"), { system: "Theme: system", dark: "Theme: dark", light: "Theme: light" }[chosen]);
  $("theme").onclick = () => theme({ system: "dark", dark: "light", light: "system" }[chosen]);
}
system.addEventListener("change", () => theme());
theme();

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || $("ask").open) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape") {
    if (typing) event.target.blur(); else if ($("detail").of) closeDetail();
    return;
  }
  if (typing) return;
  const number = Number(event.key);
  if (number >= 1 && number <= VIEWS.length) place.go({ view: VIEWS[number - 1][0] }, true);
  else if (event.key === "/") { const field = document.querySelector("main input[type=search]"); if (field) { event.preventDefault(); field.focus(); field.select(); } } else if (event.key === "p") pause();
  else if (event.key === "t") $("theme").click();
});

place.listeners.push(paint);
document.addEventListener("visibilitychange", paint);
place.read();
state();
server.get("/healthz").then((health) => { server.health = health; state(); paint(); }, () => { /* the stream says what is wrong */ });
server.stream((event) => {
  // What comes while the picture is held is taken all at once when it goes on; after five minutes everything is asked for
  // anew then. The picture stands for as long as somebody holds it.
  if (event.whole) [held, late] = [[], false];
  if (place.paused) { if (!late) held.push(event); if (held.length > HELD) [held, late] = [[], true]; return; }
  if (late) return;
  for (const before of held) store.take(before);
  held = [];
  store.take(event);
  if (store.endpoints) state();
  paint();
}, (trouble) => { if (store.trouble !== trouble) { store.trouble = trouble; state(); } });
