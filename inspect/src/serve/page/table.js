// A table of any length: only the rows in the window are there, and a row is changed in place.
class Table {
  /**
   * columns: { key, label, width, least, num, wide, spare, value(row) to sort by, show(row, cell) }; of those that are `spare`
   * as many as needed go, the last first, so that the others have their least width
   * options: { name, sort, down, id(row), select(row), sorts: whether the address keeps the order, short }
   */
  constructor(columns, options) {
    this.columns = columns;
    this.options = options;
    this.rows = [];
    this.pool = [];
    this.own = { sort: options.sort, down: options.down };
    this.head = h("div.row.head", { role: "row", "aria-rowindex": 1 });
    for (const column of columns) {
      const name = column.value
        ? h("button", { type: "button", onclick: () => this.order(column) }, column.label)
        : h("span", {}, column.label);
      column.head = h(`div${column.num ? ".num" : ""}${column.wide ? ".wide" : ""}${column.off ? ".off" : ""}`, { role: "columnheader", title: column.title }, name);
      this.head.append(column.head);
    }
    this.tall = h("div.tall", { role: "presentation" });
    this.none = h("p.none", { hidden: true });
    this.window = h("div.rows", { tabindex: 0, role: "rowgroup", "aria-label": `${options.name}, rows` }, this.none, this.tall);
    this.node = h(`div.table${options.short ? ".short" : ""}`, { role: "grid", "aria-label": options.name }, h("div", { role: "rowgroup" }, this.head), this.window);
    this.window.addEventListener("scroll", () => this.draw(), { passive: true });
    this.window.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => { this.fit(); }).observe(this.window);
    this.widths();
  }
  widths() {
    const narrow = matchMedia("(max-width: 760px)");
    const set = () => {
      // Beside the details, or in a small window, what is less is left out, so that the rest is readable.
      const tight = narrow.matches || (this.node.clientWidth > 0 && this.node.clientWidth < 860);
      this.node.classList.toggle("tight", tight);
      let shown = this.columns.filter((column) => !(tight && column.wide) && !column.off);
      while (!narrow.matches && this.node.clientWidth > 0 && least(shown) > this.node.clientWidth) {
        const most = Math.max(...shown.map((column) => column.spare ?? 0));
        if (!most) break;
        shown = shown.filter((column) => column.spare !== most);
      }
      for (const column of this.columns) { column.gone = !column.off && !shown.includes(column); column.head.classList.toggle("gone", column.gone); }
      this.grid = shown.map((column) => (narrow.matches && column.narrow) || column.width || "minmax(0, 1fr)").join(" ");
      this.height = narrow.matches ? 44 : 30;
      this.head.style.gridTemplateColumns = this.grid;
      for (const row of this.pool) row.node.style.gridTemplateColumns = this.grid;
      this.draw();
    };
    narrow.addEventListener("change", set);
    this.fit = set;
    set();
  }
  sorting() {
    if (!this.options.sorts) return this.own;
    return place.now.sort ? { sort: place.now.sort, down: place.now.down === "1" } : this.own;
  }
  order(column) {
    const now = this.sorting();
    const down = now.sort === column.key ? !now.down : Boolean(column.num);
    if (this.options.sorts) place.go({ sort: column.key, down: down ? "1" : "0" }); else { this.own = { sort: column.key, down }; this.set(this.rows); }
    say(`sorted by ${column.label}, ${down ? "descending" : "ascending"}`);
  }
  /** Shows rows; `none` is said when there are none. */
  set(rows, none = "nothing") {
    // The board's name says nothing where there is one.
    const off = store.shown().length < 2;
    const offs = { board: off, host: !store.endpoints };
    for (const column of this.columns) if (column.key in offs && Boolean(column.off) !== offs[column.key]) { column.off = offs[column.key]; column.head.classList.toggle("off", column.off); this.fit(); }
    const { sort, down } = this.sorting();
    const by = this.columns.find((column) => column.key === sort && column.value);
    for (const column of this.columns) attribute(column.head, "aria-sort", column === by ? (down ? "descending" : "ascending") : null);
    if (by) {
      const keyed = rows.map((row, index) => ({ row, index, value: by.value(row) }));
      keyed.sort((a, b) => order(a.value, b.value, down) || a.index - b.index);
      rows = keyed.map((one) => one.row);
    }
    this.rows = rows;
    this.none.hidden = rows.length > 0;
    const silent = store.silent();
    put(this.none, silent ? `${none} ${silent === 1 ? "A host does" : `${silent} hosts do`} not answer: see Why.` : none);
    attribute(this.node, "aria-rowcount", rows.length + 1);
    this.draw();
  }
  draw() {
    const { rows, height } = this;
    const tall = `${rows.length * height}px`;
    if (this.tall.style.height !== tall) this.tall.style.height = tall;
    const room = this.options.short ? rows.length * height : this.window.clientHeight;
    const first = this.options.short ? 0 : Math.max(0, Math.floor(this.window.scrollTop / height) - 4);
    const count = Math.min(rows.length - first, Math.ceil(room / height) + 8);
    const wanted = Math.max(0, count);
    while (this.pool.length < wanted) this.pool.push(this.made());
    while (this.pool.length > wanted) this.pool.pop().node.remove();
    const selected = this.selected();
    let active = null;
    for (let index = 0; index < wanted; index += 1) {
      const slot = this.pool[index];
      const row = rows[first + index];
      const id = this.options.id(row);
      slot.row = row;
      const top = `translateY(${(first + index) * height}px)`;
      if (slot.node.style.transform !== top) slot.node.style.transform = top;
      attribute(slot.node, "aria-rowindex", first + index + 2);
      attribute(slot.node, "aria-selected", id === selected ? "true" : "false");
      attribute(slot.node, "data-id", id);
      slot.node.classList.toggle("lit", Boolean(this.options.lit?.(row)));
      if (id === selected) active = slot.node.id;
      this.columns.forEach((column, at) => { slot.cells[at].classList.toggle("off", Boolean(column.off)); slot.cells[at].classList.toggle("gone", Boolean(column.gone)); column.show(row, slot.cells[at]); });
    }
    attribute(this.window, "aria-activedescendant", active);
  }
  made() {
    Table.rows = (Table.rows ?? 0) + 1;
    const cells = this.columns.map((column) => h(`div${column.num ? ".num" : ""}${column.wide ? ".wide" : ""}`, { role: "gridcell" }));
    const slot = { cells, row: null };
    slot.node = h("div.row", { role: "row", id: `row-${Table.rows}`, onclick: () => this.choose(slot.row) }, ...cells);
    if (this.options.hover) {
      slot.node.addEventListener("mouseenter", () => this.options.hover(slot.row));
      slot.node.addEventListener("mouseleave", () => this.options.hover(null));
    }
    slot.node.style.gridTemplateColumns = this.grid;
    this.tall.append(slot.node);
    return slot;
  }
  selected() { return this.options.selected ? this.options.selected() : place.now.select; }
  choose(row) { if (row) this.options.select?.(row); }
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Enter") { this.choose(this.rows.find((row) => this.options.id(row) === this.selected()) ?? this.rows[0]); event.preventDefault(); return; }
    if (step === undefined || !this.rows.length || !this.options.select) return;
    event.preventDefault();
    const at = this.rows.findIndex((row) => this.options.id(row) === this.selected());
    const next = Math.max(0, Math.min(this.rows.length - 1, at < 0 ? (step > 0 && step < Infinity ? 0 : step > 0 ? this.rows.length - 1 : 0) : at + step));
    this.choose(this.rows[next]);
    const top = next * this.height;
    if (top < this.window.scrollTop) this.window.scrollTop = top;
    else if (top + this.height > this.window.scrollTop + this.window.clientHeight) this.window.scrollTop = top + this.height - this.window.clientHeight;
    this.draw();
  }
}

/** What columns need beside each other, in pixels: `least`, or the first number of a width; what is between them; the bar to scroll by. */
const least = (columns) => columns.reduce((sum, column) => sum + ((column.least ?? parseFloat(/\d[\d.]*/.exec(column.width)?.[0] ?? 0)) + 0.8) * 16, 48);
/** The column of boards, where there are several. */
const boardColumn = () => ({ key: "board", label: "Board", width: "minmax(5rem, .6fr)", wide: true, off: true, value: (row) => row.board.name, show: (row, node) => cell(node, row.board.name, "dim") });
/** The column of hosts; `of` finds the board of a row. It is there where boards of several hosts are shown. */
const hostColumn = (of = (row) => row.board) => ({ key: "host", label: "Host", width: "minmax(6rem, .8fr)", narrow: "minmax(0, .7fr)", off: true, value: (row) => of(row).host, show: (row, node) => { cell(node, of(row).host ?? NONE, "dim"); node.title = of(row).head.endpoint ?? ""; } });
/** A cell's text, with a class. */
function cell(node, text, kind = "") {
  put(node, text);
  if (node.dataset.kind !== kind) { if (node.dataset.kind) node.classList.remove(...node.dataset.kind.split(" ")); if (kind) node.classList.add(...kind.split(" ")); node.dataset.kind = kind; node.title = ""; }
}
/** A load: the number and a bar. */
function loadCell(node, load) {
  let parts = node.parts;
  if (!parts) {
    const bar = h("b");
    const text = h("span");
    node.replaceChildren(h("span.load", {}, h("i", { "aria-hidden": "true" }, bar), text));
    node.parts = parts = { bar, text };
  }
  put(parts.text, load === null || load === undefined ? NONE : `${Math.round(load * 100)}%`);
  const size = `scaleX(${Math.min(1, load ?? 0).toFixed(3)})`;
  if (parts.bar.style.transform !== size) parts.bar.style.transform = size;
  classes(parts.bar, load >= 0.95 ? "full" : "");
}
