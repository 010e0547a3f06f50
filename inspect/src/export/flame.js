"use strict";
(function () {
  var W = 1200, frames = [].slice.call(document.querySelectorAll(".f"));
  var says = document.getElementById("says"), found = document.getElementById("found");
  var reset = document.getElementById("reset"), term = null;
  function num(g, key) { return parseFloat(g.getAttribute("data-" + key)); }
  function title(g) { return g.querySelector("title").textContent; }
  // Shows the part from x on that is w wide over the whole width; outer frames fill it.
  function zoom(x, w, level) {
    frames.forEach(function (g) {
      var gx = num(g, "x"), gw = num(g, "w"), gl = num(g, "l");
      var rect = g.querySelector("rect"), text = g.querySelector("text");
      var outer = gl < level && gx <= x + 1e-3 && gx + gw >= x + w - 1e-3;
      var inside = gx >= x - 1e-3 && gx + gw <= x + w + 1e-3 && gl >= level;
      g.style.display = outer || inside ? "" : "none";
      g.classList.toggle("past", outer && level > 0);
      var left = outer ? 0 : (gx - x) * W / w, wide = outer ? W : gw * W / w;
      rect.setAttribute("x", left); rect.setAttribute("width", wide);
      text.setAttribute("x", left + 3);
      var room = Math.floor((wide - 6) / 7.3), name = g.getAttribute("data-n");
      text.textContent = room < 3 ? "" : name.length <= room ? name : name.slice(0, room - 1) + "\u2026";
    });
    reset.setAttribute("visibility", level > 0 ? "visible" : "hidden");
  }
  function into(g) { zoom(num(g, "x"), num(g, "w"), num(g, "l")); }
  // Marks frames whose name matches; says their share, nested ones counted once.
  function search(text) {
    var pattern = null, spans = [];
    if (text) { try { pattern = new RegExp(text, "i"); } catch (e) { found.textContent = "no pattern: " + text; return; } }
    term = text;
    frames.forEach(function (g) {
      var hit = pattern !== null && num(g, "l") > 0 && pattern.test(g.getAttribute("data-n"));
      g.classList.toggle("hit", hit);
      if (hit) { spans.push([num(g, "x"), num(g, "x") + num(g, "w")]); }
    });
    spans.sort(function (a, b) { return a[0] - b[0]; });
    var sum = 0, end = 0;
    spans.forEach(function (s) { var from = Math.max(s[0], end); if (s[1] > from) { sum += s[1] - from; end = s[1]; } });
    found.textContent = pattern ? "matched " + (100 * sum / W).toFixed(1) + "%" : "";
  }
  function ask() { var text = window.prompt("Search for (a regular expression; empty clears)", term || ""); if (text !== null) { search(text); } }
  frames.forEach(function (g) {
    g.addEventListener("click", function () { into(g); });
    g.addEventListener("mouseover", function () { says.textContent = title(g); });
  });
  reset.addEventListener("click", function () { zoom(0, W, 0); });
  document.getElementById("search").addEventListener("click", ask);
  window.addEventListener("keydown", function (e) {
    if (e.key === "/" || (e.key === "f" && (e.ctrlKey || e.metaKey))) { e.preventDefault(); ask(); }
    if (e.key === "Escape") { search(""); zoom(0, W, 0); }
  });
  // A link may say both: #zoom=NAME&search=PATTERN
  window.location.hash.slice(1).split("&").forEach(function (part) {
    var at = part.indexOf("="), value = decodeURIComponent(part.slice(at + 1));
    if (part.slice(0, at) === "search") { search(value); }
    if (part.slice(0, at) === "zoom") {
      var g = frames.filter(function (f) { return f.getAttribute("data-n").indexOf(value) >= 0; })[0];
      if (g) { into(g); }
    }
  });
})();
