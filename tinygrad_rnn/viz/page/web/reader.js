// What the reader does: keys, pointer, focus; and the start of everything.

function look(node) {
  hovered = node;
  inspect();
}

function choose(node) {
  if (question && node !== null) return guess(node);
  kept = kept === node ? null : node;
  paint();
  inspect();
  if (narrow.matches && kept !== null) $("scroll").scrollIntoView({ block: "start" }); // the sheet would lie over the graph
}

const nodeOf = (target) => { const el = target.closest?.("[data-box]"); return el ? Number(el.getAttribute("data-box")) : null; };

function walk(direction) {
  const at = mounted.order.indexOf(nodeOf(document.activeElement));
  const next = mounted.order[Math.min(Math.max(at + direction, 0), mounted.order.length - 1)];
  for (const el of mounted.boxes.values()) el.setAttribute("tabindex", "-1");
  const el = mounted.boxes.get(next);
  el.setAttribute("tabindex", "0");
  el.focus();
  el.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const on = event.target, name = event.key;
  const inGraph = nodeOf(on) !== null;
  const control = on.matches?.("input:not(#step), select, textarea, summary");
  const button = on.matches?.("button");
  if (name === "Escape") return choose(null);
  if (inGraph && (name === "Enter" || name === " ")) { event.preventDefault(); return choose(nodeOf(on)); }
  if (inGraph && (name === "ArrowUp" || name === "ArrowDown")) { event.preventDefault(); return walk(name === "ArrowDown" ? 1 : -1); }
  if (control || (button && (name === " " || name === "Enter"))) return;
  const steps = { ArrowLeft: state.step - 1, ArrowRight: state.step + 1, Home: 0, End: run.flow.child.length };
  if (name === " ") { event.preventDefault(); play(); }
  else if (name in steps) { event.preventDefault(); if (playing) pause(); go(steps[name]); }
}

/** On a small screen the settings fold away, and the graph stands further up. */
function fold() {
  $("settings").open = !narrow.matches;
}

function listen() {
  $("play").addEventListener("click", play);
  const jump = (id, to) => $(id).addEventListener("click", () => { if (playing) pause(); go(to()); });
  jump("first", () => 0);
  jump("back", () => state.step - 1);
  jump("on", () => state.step + 1);
  jump("last", () => run.flow.child.length);
  $("step").addEventListener("input", () => { if (playing) pause(); go(Number($("step").value)); });
  $("theme").addEventListener("change", () => { state.theme = $("theme").value; theme(); remember(); });
  $("pace").addEventListener("change", () => { state.pace = $("pace").value; if (playing) { pause(); play(); } remember(); });
  $("predict").addEventListener("change", () => {
    state.predict = $("predict").checked;
    Object.assign(score, { hits: 0, asked: 0 });
    question = null;
    say(state.predict ? "Play stops before each node and asks which one goes next." : told(state.step));
    scoreboard();
    remember();
  });
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  dark.addEventListener("change", theme);
  narrow.addEventListener("change", fold);
  document.addEventListener("keydown", key);
  const graph = $("graph");
  graph.addEventListener("pointerover", (event) => { if (event.pointerType !== "touch") look(nodeOf(event.target)); });
  graph.addEventListener("pointerleave", () => look(null));
  graph.addEventListener("focusin", (event) => look(nodeOf(event.target)));
  graph.addEventListener("focusout", () => look(null));
  graph.addEventListener("click", (event) => { const node = nodeOf(event.target); if (node !== null) choose(node); });
  new ResizeObserver(() => { if (mounted) { resize(); paint(); } }).observe($("scroll"));
  addEventListener("hashchange", () => { if (location.hash !== fragment()) restore(); });
}

function restore() {
  const { detail, ...values } = page.start;
  const found = parsed(location.hash);
  if (playing) pause();
  return change({ step: Infinity, open: null, theme: "auto", detail, ...found, values: { ...values, ...found.values } });
}

listen();
fold();
restore().then(() => {
  document.body.setAttribute("data-ready", "");
  performance.mark("ready");
});
