// The address says what is shown: view, board, filter, order, selection. Whoever gets it sees the same.
const VIEWS = [["why", "Why"], ["boards", "Boards"], ["threads", "Threads"], ["ops", "Operations"], ["numbers", "Numbers"], ["profile", "Profile"], ["history", "History"]];
const KNOWN = ["view", "board", "filter", "sort", "down", "select", "over", "kind", "list", "bucket", "seconds", "zoom", "since", "until", "by", "at"];
/** What a view has of its own: it is left behind on the way to another one. */
const OWN = ["filter", "sort", "down", "select", "over", "kind", "list", "bucket", "zoom", "at"];

const place = {
  now: { view: "why" },
  listeners: [],
  read() {
    const said = new URLSearchParams(location.hash.replace(/^#/, ""));
    const now = {};
    for (const key of KNOWN) if (said.get(key)) now[key] = said.get(key).slice(0, 300);
    if (!VIEWS.some(([view]) => view === now.view)) now.view = "why";
    this.now = now;
    for (const listener of this.listeners) listener();
  },
  link(change) {
    const next = { ...this.now, ...change };
    if (change.view && change.view !== this.now.view) for (const key of OWN) if (!(key in change)) delete next[key];
    const said = new URLSearchParams();
    for (const key of KNOWN) if (next[key]) said.set(key, next[key]);
    return `#${said}`;
  },
  /** Goes there; `step` leaves a step to come back by. */
  go(change, step = false) {
    const link = this.link(change);
    if (link === location.hash) return;
    if (step) history.pushState(null, "", link); else history.replaceState(null, "", link);
    this.read();
  },
};
addEventListener("hashchange", () => place.read());
addEventListener("popstate", () => place.read());
