// The document: everything that comes from a board goes in as text, by `h` and `put`.
const $ = (id) => document.getElementById(id);

/** An element with attributes, and children that are nodes or text. */
function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";
function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

/** Sets a node's text, if it is another one: what stays the same costs nothing. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
function classes(node, text) {
  if (node.className !== text) node.className = text;
}
function attribute(node, name, value) {
  const text = value === null || value === undefined || value === false ? null : String(value);
  if (text === null) { if (node.hasAttribute(name)) node.removeAttribute(name); } else if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}
/** Says something to who hears the page. */
function say(text) { put($("say"), text); }

/** Keeps what may be kept between visits; a browser may refuse. */
const kept = {
  get(store, key) { try { return window[store].getItem(key); } catch { return null; } },
  set(store, key, value) { try { if (value === null) window[store].removeItem(key); else window[store].setItem(key, value); } catch { /* not kept */ } },
};
