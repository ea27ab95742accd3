"use strict";
// The state is a few settings and a step k. What is shown is a fold of the events 0 .. k-1 of the run that the settings choose, so
// going back is the same as never having gone on. Every norm comes from the engine; nothing is computed here but comparisons.

const page = JSON.parse(document.getElementById("head").textContent);
const $ = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const narrow = matchMedia("(max-width: 860px)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const SMALLEST = 0.85, LARGEST = 1.35; // of the graph's natural size: never too small to read
const CHART = [120, 250], GUTTER = 52; // the least and the greatest height of the chart; room left of the graph for its axis

const state = { values: {}, detail: "op", open: null, step: 0, theme: "auto", pace: "150", predict: false };
let run = null; // { flow, numbers, views, weights } of the settings
let mounted = null; // the view in the document, with its parts
let playing = 0; // the timer while it plays
let question = null; // in "predict first": the node whose turn is next, and whether an answer was given
const score = { hits: 0, asked: 0 };
let hovered = null, kept = null; // nodes in the inspector: under the pointer or in focus, and chosen

// ---- small helpers

const range = (n) => Array.from({ length: n }, (_, k) => k);
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

function element(name, attributes = {}, ...children) {
  const found = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  found.append(...children);
  return found;
}

function drawn(name, attributes = {}, text = null) {
  const found = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  if (text !== null) found.textContent = text;
  return found;
}

/** Set an attribute, or take it away (null), only where that changes something. */
function put(el, name, value) {
  if (value === null || value === false) { if (el.hasAttribute(name)) el.removeAttribute(name); }
  else if (el.getAttribute(name) !== String(value)) el.setAttribute(name, value === true ? "" : value);
}

/** A number as Python's `number` writes it; it was rounded there. */
function shown(x) {
  const v = Number(x);
  if (!Number.isFinite(v)) return Number.isNaN(v) ? "NaN" : v < 0 ? "−∞" : "∞";
  const size = Math.abs(v);
  if (v === 0 || (size >= 1e-3 && size < 1e3)) return String(v).replace("-", "−");
  const [digits, power] = (size < 1e-3 || size >= 1e4 ? v.toExponential(1) : String(v)).split("e");
  if (power === undefined) return digits.replace("-", "−");
  return `${digits.replace("-", "−")}e${power[0] === "-" ? "−" : "+"}${power.replace(/[+-]/, "").padStart(2, "0")}`;
}

/** The name of the shade of a norm; null for none. */
function level(x) {
  if (x === null) return null;
  const v = Math.abs(Number(x)); // in a graph of numbers, gradients have signs
  if (v === 0) return "zero";
  if (!Number.isFinite(v)) return "broken";
  const [low, high] = run.scale;
  return Math.round(page.levels * Math.min(Math.max((Math.log10(v) - low) / (high - low), 0), 1));
}

// ---- the data

const chunks = new Map();

/** A chunk of runs, inflated once. */
function chunk(k) {
  if (!chunks.has(k)) chunks.set(k, inflate($(`chunk-${k}`).textContent));
  return chunks.get(k);
}

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const applies = (control, values) =>
  Object.entries(control.only ?? {}).every(([key, wanted]) => wanted.includes(values[key]));

/** The name of the run that the values choose. */
const runKey = (values) => page.controls.filter((c) => applies(c, values)).map((c) => values[c.key]).join(" ");

/** What every event is for its two nodes: the numbers of the events by sender and by receiver. */
function indexed(flow) {
  if (flow.to) return flow;
  flow.to = flow.names.map(() => []);
  flow.from = flow.names.map(() => []);
  flow.child.forEach((child, k) => { flow.to[flow.parent[k]].push(k); if (child >= 0) flow.from[child].push(k); });
  return flow;
}

/** How many events of a list (ascending) lie before step k. */
const before = (events, k) => { let n = 0; while (n < events.length && events[n] < k) n += 1; return n; };

/** The norm that a node has at step k; null if nothing has come. */
function has(node, k = state.step) {
  const n = before(run.flow.to[node], k);
  return n ? run.numbers.have[run.flow.to[node][n - 1]] : null;
}

/** The norm that an edge or a chip has carried at step k. */
function carried(part, k) {
  if (part === null) return null;
  if (typeof part === "number") return part < k ? run.numbers.sent[part] : null;
  const [bundle, ...events] = part;
  const n = before(events, k);
  return n ? run.numbers.bundles[bundle][n - 1] : null;
}

const carries = (part, event) => part !== null && (typeof part === "number" ? part === event : part.indexOf(event) > 0);
const reports = (node, k = state.step) => [before(run.flow.to[node], k), run.flow.to[node].length];
const whole = (node, k = state.step) => { const [got, all] = reports(node, k); return all > 0 && got === all; };

/** Whether a node has had its turn: it has sent something, or has all and nothing to send. */
const served = (node, k) => whole(node, k) && before(run.flow.from[node], k) === run.flow.from[node].length;

/** Ops that have their whole gradient and wait for their turn. */
const ready = (k) => range(run.flow.names.length).filter(
  (n) => run.flow.from[n].length && whole(n, k) && before(run.flow.from[n], k) === 0);

/** The node whose turn begins with the next event; null within a turn. */
function nextTurn(k) {
  const { child } = run.flow;
  return k > 0 && k < child.length && child[k] !== child[k - 1] ? child[k] : null;
}

// ---- the graph: put into the document once for every view, then only written on

const viewName = () => (state.open === null ? state.detail : `cell/${state.open}`);

function mount() {
  const name = viewName();
  if (mounted && mounted.views === run.views && mounted.name === name) return;
  const view = run.views[name];
  const svg = document.importNode(new DOMParser().parseFromString(view.svg, "image/svg+xml").documentElement, true);
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", "Nodes, in the order of the backward pass");
  const find = (kind) => [...svg.querySelectorAll(`[data-${kind}]`)].map((el) => [el, el.getAttribute(`data-${kind}`)]);
  const home = new Map();
  for (const [box, members] of Object.entries(view.boxes)) for (const m of members) home.set(m, Number(box));
  mounted = {
    views: run.views, name, view, svg, home,
    boxes: new Map(find("box").map(([el, id]) => [Number(id), el])),
    edges: find("edge").map(([el, k]) => [el, view.edges[k]]),
    chips: find("chip").map(([el, k]) => [el, view.chips[k]]),
    bars: find("bar").map(([el, id]) => [el, Number(id)]),
    numbers: [], // of a graph of numbers: the lines on its boxes that end in the derivative
  };
  for (const [id, el] of view.columns.length ? [] : mounted.boxes) {
    const line = el.querySelector("text:last-of-type");
    if (run.flow.to[id].length && !run.flow.shapes[id].match(/[2-9]|\d\d/)) mounted.numbers.push([line, line.textContent, id]);
  }
  for (const [id, el] of mounted.boxes) {
    el.setAttribute("role", "button");
    el.setAttribute("tabindex", "-1");
    el.setAttribute("aria-label", `${run.flow.names[id]}, ${run.flow.what[id] || run.flow.kinds[id]}`);
    put(el, "data-still", run.flow.to[id].length === 0);
  }
  for (const [el, part] of mounted.edges) put(el, "data-still", part === null);
  mounted.order = [...mounted.boxes.keys()].sort((a, b) => b - a);
  mounted.boxes.get(mounted.order[0])?.setAttribute("tabindex", "0");
  $("graph").replaceChildren(svg);
  resize();
}

/** Sizes, and what depends on them: the heads of the columns and the chart. */
function resize() {
  const [x, , width, height] = mounted.view.frame;
  const room = $("scroll").clientWidth - GUTTER - 8;
  const zoom = Math.min(Math.max(room / width, SMALLEST), LARGEST);
  Object.assign(mounted, { zoom, place: (at) => GUTTER + (at - x) * zoom });
  mounted.svg.setAttribute("width", (width * zoom).toFixed(1));
  mounted.svg.setAttribute("height", (height * zoom).toFixed(1));
  $("graph").style.paddingLeft = `${GUTTER}px`;
  heads();
  chart();
}

/** Scroll until a column stands in the middle. */
function center(words) {
  const column = mounted.view.columns.find(([name]) => name === words);
  if (column) $("scroll").scrollLeft = mounted.place((column[1] + column[2]) / 2) - $("scroll").clientWidth / 2;
}

function heads() {
  const openable = Object.keys(run.views).some((name) => name.startsWith("cell/"));
  $("heads").replaceChildren(...mounted.view.columns.map(([words, left, right]) => {
    const t = words.startsWith("t = ") ? Number(words.slice(4)) : null;
    const button = openable && t !== null && run.views[`cell/${t}`];
    const head = element(button ? "button" : "span", button ? { type: "button" } : {}, words);
    if (button) {
      const opened = state.open === t;
      head.setAttribute("aria-pressed", opened);
      head.setAttribute("aria-label", `${words}: ${opened ? "close this step" : "open this step, the others stay cells"}`);
      const icon = drawn("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" });
      icon.append(drawn("path", { d: opened ? "M1 3h8M1 7h8" : "M1 3l4 4 4-4" }));
      head.append(icon);
      head.addEventListener("click", () => change({ open: opened ? null : t, detail: "cell" }));
    }
    head.style.left = `${mounted.place(left)}px`;
    head.style.width = `${(right - left) * mounted.zoom}px`;
    return head;
  }));
}

// ---- the chart of the gradient that reaches every step, under its column

function chart() {
  const lines = mounted.view.chart;
  $("chart").replaceChildren();
  mounted.points = [];
  mounted.strokes = [];
  $("chart").hidden = lines.length === 0;
  if (!lines.length) return;
  const [low, high] = run.scale;
  const room = $("scroll").clientHeight - $("heads").offsetHeight - mounted.view.frame[3] * mounted.zoom - 8;
  const tall = Math.min(Math.max(room, CHART[0]), CHART[1]);
  const top = 24, bottom = tall - 12;
  const y = (norm) => {
    const v = Number(norm);
    const part = v > 0 ? Math.min(Math.max((Math.log10(v) - low) / (high - low), 0), 1) : Number.isNaN(v) ? 1 : 0;
    return bottom - part * (bottom - top);
  };
  const width = mounted.place(mounted.view.frame[0] + mounted.view.frame[2]);
  const svg = drawn("svg", { width, height: tall, role: "img", "aria-label": "The norm of the gradient for the state of each step" });
  const axis = drawn("svg", { width: GUTTER, height: tall, "aria-hidden": "true" });
  axis.append(drawn("rect", { width: GUTTER - 4, height: tall }));
  for (const [part, label] of run.ticks) {
    const at = bottom - part * (bottom - top);
    svg.append(drawn("path", { class: "grid", d: `M${GUTTER} ${at}H${width}` }));
    axis.append(drawn("text", { x: GUTTER - 8, y: at + 4, "text-anchor": "end" }, label));
  }
  axis.append(drawn("text", { x: 8, y: 13 }, `‖∂L/∂${lines[0].name}‖ at each step`));
  const names = [];
  for (const line of lines) {
    const crowded = lines.length > 1 || line.points.length > 1.5 * mounted.view.columns.length;
    const spots = line.points.map(([x, node]) => [mounted.place(x), y(run.numbers.have[run.flow.to[node].at(-1)] ?? 0), node]);
    svg.append(drawn("path", { class: "course", d: "M" + spots.map(([x, at]) => `${x} ${at}`).join("L") }));
    spots.slice(1).forEach(([x, at, node], k) => {
      const piece = drawn("path", { class: "done", d: `M${spots[k][0]} ${spots[k][1]}L${x} ${at}` });
      mounted.strokes.push([piece, spots[k][2], node]);
      svg.append(piece);
    });
    for (const [x, at, node] of spots) {
      const dot = drawn("circle", { cx: x, cy: at, r: crowded ? 3 : 4.5 });
      const tip = drawn("title");
      const value = drawn("text", { class: "value", x, y: at > top + 16 ? at - 9 : at + 18, "text-anchor": "middle" });
      mounted.points.push([dot, crowded ? tip : value, node]);
      dot.append(tip);
      svg.append(dot, value);
    }
    names.push([spots[0]?.[1], spots[0]?.[0], line.where]);
  }
  let lowest = -Infinity; // names of lines that end close to each other stand below each other
  for (const [at, x, words] of lines.length > 1 ? names.sort(([a], [b]) => a - b) : []) {
    lowest = Math.max(at + 4, lowest + 13);
    svg.append(drawn("text", { x: x - 9, y: lowest, "text-anchor": "end" }, words));
  }
  const holder = element("div", { id: "axis" });
  holder.append(axis);
  $("chart").append(holder, svg);
}

// ---- what is written on the parts: all of it follows from the step

function paint() {
  const k = state.step, event = k - 1;
  const from = k > 0 ? run.flow.child[event] : null, to = k > 0 ? run.flow.parent[event] : null;
  const sender = mounted.home.get(from) ?? null, receiver = mounted.home.get(to) ?? null;
  for (const [id, el] of mounted.boxes) {
    const members = mounted.view.boxes[id];
    const reached = members.some((m) => before(run.flow.to[m], k) > 0);
    put(el, "data-level", level(has(id, k)));
    put(el, "data-reached", reached);
    put(el, "data-waits", reached && members.some((m) => run.flow.to[m].length && !whole(m, k)));
    put(el, "data-live", id === sender ? "from" : id === receiver ? "to" : null);
    put(el, "data-kept", kept !== null && (mounted.home.get(kept) ?? kept) === id);
  }
  for (const [el, part] of [...mounted.edges, ...mounted.chips]) {
    put(el, "data-level", level(carried(part, k)));
    put(el, "data-live", k > 0 && carries(part, event));
  }
  for (const [line, words, id] of mounted.numbers) {
    const now = has(id, k) === null ? words : `${words}, ∂ ${shown(has(id, k))}`;
    if (line.textContent !== now) line.textContent = now;
  }
  for (const [el, node] of mounted.bars) put(el, "data-level", level(whole(node, k) ? has(node, k) : null));
  for (const [dot, value, node] of mounted.points) {
    const known = whole(node, k);
    put(dot, "data-level", level(known ? has(node, k) : null));
    const words = known ? shown(has(node, k)) : "";
    if (value.textContent !== words) value.textContent = words;
  }
  for (const [piece, a, b] of mounted.strokes) {
    const known = whole(a, k) && whole(b, k);
    put(piece, "data-level", level(known ? has(a, k) : null));
    put(piece, "visibility", known ? null : "hidden");
  }
  for (const [button, small, node] of weights.rows) {
    const [got, all] = reports(node, k);
    put(button, "data-level", level(has(node, k)));
    put(button, "data-live", to === node);
    const words = !all ? "no gradient" : got ? `∂ ${shown(has(node, k))}` : "∂ –";
    if (small.textContent !== words) small.textContent = words;
    put(button, "title", all ? `${got} of ${plural(all, "use")} reported` : null);
  }
}

function weights() {
  const groups = new Map();
  weights.rows = [];
  for (const { id, label, of } of run.weights) {
    if (!groups.has(of)) groups.set(of, []);
    const small = element("span");
    const shape = element("span", { class: "shape" }, run.flow.shapes[id]);
    const button = element("button", { type: "button", class: "weight" }, element("b", {}, label), element("small", {}, shape, element("br", { class: "shape" }), small));
    button.addEventListener("pointerenter", () => look(id));
    button.addEventListener("pointerleave", () => look(null));
    button.addEventListener("focus", () => look(id));
    button.addEventListener("blur", () => look(null));
    button.addEventListener("click", () => choose(id));
    weights.rows.push([button, small, id]);
    groups.get(of).push(element("li", {}, button));
  }
  $("weights").replaceChildren(...[...groups].flatMap(([of, items]) => [element("h2", {}, of), element("ul", {}, ...items)]));
  $("weights").hidden = groups.size === 0;
}

// ---- words

function told(k) {
  if (k === 0) return "Nothing has been sent yet. Play: the loss sends its gradient back, node by node.";
  const { names, child, parent, to, from } = run.flow, event = k - 1;
  const loss = parent[0];
  if (event === 0) return `${names[loss]} is the loss: its gradient is ${shown(run.numbers.sent[0])}, the start of everything.`;
  const p = parent[event], [got, all] = reports(p, k);
  const size = shown(run.numbers.sent[event]), sum = shown(run.numbers.have[event]);
  const sends = `${names[child[event]]} sends ${size} to ${names[p]}`;
  if (all === 1) return `${sends}${from[p].length ? "" : ", which keeps it"}.`;
  if (got < all) return `${sends}, which now has ${sum} from ${got} of ${all} uses, and waits.`;
  return `${sends}, which now has all of its ${all} uses together: ${sum}.`;
}

function inspect() {
  const node = hovered ?? kept;
  const box = $("inspector");
  put(box, "data-kept", kept !== null);
  box.replaceChildren(...(node === null ? overview() : described(node)));
}

function overview() {
  const parts = [element("h2", {}, page.about ? "What you see" : page.title)];
  if (page.about) parts.push(element("p", {}, page.about));
  parts.push(element("p", { class: "soft" }, "Colour and width are the logarithm of the norm of the gradient. A small pill is one use of a weight, in the colour of what this use adds to the weight's gradient. Point at a node, or tap it."));
  const rows = [["loss", shown(run.numbers.low.at(-1))]];
  for (const { where, points } of mounted.view.chart) {
    for (const [, node] of points.length > 1 ? [points.at(-1), points[0]] : []) {
      rows.push([`‖∂L/∂${run.flow.names[node]}‖${where && `, ${where}`}`, whole(node) ? shown(has(node)) : "not reached yet"]);
    }
  }
  parts.push(list(rows));
  return parts;
}

const list = (rows) => element("dl", {}, ...rows.flatMap(([a, b]) => [element("dt", {}, a), element("dd", {}, b)]));
const item = (a, b, soft) => element("li", soft ? { class: "soft" } : {}, element("span", {}, a), element("span", {}, b));

function described(node) {
  const { names, kinds, what, formulas, rules, shapes, to, from, child, parent } = run.flow;
  const { sent, low, high, have, why } = run.numbers, k = state.step;
  const parts = [];
  if (kept !== null) {
    const close = element("button", { type: "button", class: "plain close" }, "Close");
    close.addEventListener("click", () => choose(null));
    parts.push(close);
  }
  parts.push(element("h2", {}, names[node]));
  const members = mounted.view.boxes[node] ?? [node];
  const kind = members.length > 1 ? `a box of ${members.length} nodes; this is what leaves it` : kinds[node] === "op" ? what[node] : kinds[node] === "constant" ? "data" : "weight";
  parts.push(element("p", { class: "soft" }, kind));
  if (formulas[node]) parts.push(element("p", { class: "formula" }, formulas[node]));
  const [got, all] = reports(node);
  const rows = [["shape", shapes[node]], ["values", shapes[node] === "()" || low[node] === high[node] ? shown(low[node]) : `${shown(low[node])} to ${shown(high[node])}`]];
  if (all) rows.push(["gradient now", has(node) === null ? "not reached yet" : shown(has(node))], ["in the end", shown(have[to[node].at(-1)])]);
  parts.push(list(rows));
  if (why[node]) parts.push(element("p", { class: "soft" }, `Exactly 0: ${why[node]}.`));
  parts.push(element("p", { class: "status" }, status(node, got, all)));
  if (members.length > 1) parts.push(element("p", { class: "soft" }, `${members.filter((m) => to[m].length && served(m, k)).length} of ${plural(members.filter((m) => to[m].length).length, "node")} in this box have had their turn.`));
  if (all && child[to[node][0]] >= 0) {
    parts.push(element("h3", {}, "Receives"));
    parts.push(element("ul", {}, ...to[node].map((e) => item(`from ${names[child[e]]}`, e < k ? shown(sent[e]) : "waits", e >= k))));
  }
  if (from[node].length) {
    parts.push(element("h3", {}, "Sends"));
    const upstream = Number(have[to[node].at(-1)]);
    parts.push(element("ul", {}, ...from[node].map((e) => item(`to ${names[parent[e]]}`, e < k ? `${shown(sent[e])}${gain(sent[e], upstream)}` : "not yet", e >= k))));
    parts.push(element("p", { class: "rule" }, `${rules[node][0].toUpperCase()}${rules[node].slice(1)}.`));
  } else if (kinds[node] === "parameter") parts.push(element("p", { class: "rule soft" }, `${rules[node][0].toUpperCase()}${rules[node].slice(1)}.`));
  return parts;
}

/** By what factor the norm changed: what makes gradients vanish or explode. */
function gain(sent, upstream) {
  const factor = Math.abs(Number(sent) / upstream);
  return Number.isFinite(factor) && factor > 0 ? `  (× ${Number(factor.toPrecision(2))})` : "";
}

function status(node, got, all) {
  if (!all) return "No gradient comes here.";
  if (run.flow.child[run.flow.to[node][0]] < 0) return got ? "This is where the gradient starts." : "The gradient will start here.";
  const uses = plural(all, "use");
  if (!got) return `${uses}, none has reported yet.`;
  if (got < all) return `${uses}, ${got} ${got === 1 ? "has" : "have"} reported: it waits for ${all - got} more.`;
  if (!run.flow.from[node].length) return `${uses}, all reported: this is its whole gradient.`;
  return served(node, state.step) ? `${uses}, all reported; it has passed its gradient on.` : `${uses}, all reported: it is ready.`;
}

// ---- predict first

/** Whether an answer is right, and why. */
function answer(node) {
  const { names, from } = run.flow, k = state.step, right = question.node;
  const members = mounted.view.boxes[node] ?? [node];
  const waiting = ready(k);
  if (members.includes(right)) return [true, `Yes: ${reason(right)}.`];
  const also = members.find((m) => waiting.includes(m));
  if (also !== undefined) return [true, `Yes, it could: ${reason(also)}. The engine takes the youngest first, and that is ${names[right]}.`];
  if (!from[node].length && !run.flow.to[node].length) return [false, `No: ${names[node]} is data, and no gradient goes there.`];
  if (!from[node].length) return [false, `No: ${names[node]} keeps its gradient and has no turn of its own.`];
  if (served(node, k)) return [false, `No: ${names[node]} has had its turn.`];
  const [got, all] = reports(node, k);
  return [false, `No: ${names[node]} has heard from ${got} of ${plural(all, "use")}. Which node has heard from all?`];
}

function reason(node) {
  const all = run.flow.to[node].length;
  return `${run.flow.names[node]} has heard from ${all === 1 ? "its only use" : `all of its ${all} uses`}`;
}

function ask() {
  question = { node: nextTurn(state.step), tries: 0 };
  pause();
  say("Which node goes next? Choose it: click, or the arrow keys up and down and then Enter.", "asks");
  scoreboard();
}

function guess(node) {
  const [right, words] = answer(node);
  question.tries += 1;
  if (question.tries === 1) score.asked += 1;
  if (right && question.tries === 1) score.hits += 1;
  scoreboard();
  if (!right) return say(words, "wrong");
  const turn = run.flow.from[question.node];
  question = null;
  go(turn.at(-1) + 1);
  say(words, "right");
}

function scoreboard() {
  $("score").hidden = !state.predict;
  $("score").textContent = `${score.hits} of ${score.asked} right`;
}

/** Say it to the eye, and (unless it comes too fast) to the ear. */
function say(words, kind = "", aloud = true) {
  $("told").textContent = words;
  $("told").className = kind;
  if (aloud) $("live").textContent = words;
}

// ---- time

function go(step) {
  const last = run.flow.child.length;
  const earlier = state.step;
  state.step = Math.min(Math.max(step, 0), last);
  question = null;
  draw();
  const here = run.flow.parent[state.step - 1], there = run.flow.parent[earlier - 1];
  const far = !playing || run.flow.steps[here] !== run.flow.steps[there];
  say(told(state.step), "", far); // while it plays, a listener hears one sentence a time step
  follow(Math.abs(state.step - earlier) < 2);
  if (!playing) remember();
}

function draw() {
  const last = run.flow.child.length;
  $("step").max = last;
  $("step").value = state.step;
  put($("step"), "aria-valuetext", `${state.step} of ${last}`);
  $("count").textContent = `${state.step} / ${last}`;
  $("first").disabled = $("back").disabled = state.step === 0;
  $("last").disabled = $("on").disabled = state.step === last;
  paint();
  inspect();
}

function play() {
  if (playing) return pause();
  if (state.step === run.flow.child.length) go(0);
  if (question) question = null;
  put(document.body, "data-playing", true);
  $("play").lastElementChild.textContent = "Pause";
  playing = setInterval(tick, Number(state.pace));
  tick();
}

function tick() {
  if (state.step >= run.flow.child.length) return pause();
  if (state.predict && asks(state.step)) return ask();
  go(state.step + 1);
}

/** In "predict first", a question is worth asking where the turn passes to another box. */
function asks(k) {
  const node = nextTurn(k);
  return node !== null && mounted.home.has(node) && mounted.home.get(node) !== mounted.home.get(run.flow.child[k - 1]);
}

function pause() {
  clearInterval(playing);
  playing = 0;
  put(document.body, "data-playing", null);
  $("play").lastElementChild.textContent = "Play";
  $("live").textContent = $("told").textContent;
  remember();
}

/** Keep in sight what just happened, sender and receiver; glide there if the step is a small one and the reader likes motion. */
function follow(near) {
  const ends = [run.flow.parent[state.step - 1], run.flow.child[state.step - 1]];
  const spots = ends.map((node) => mounted.boxes.get(mounted.home.get(node))?.getBoundingClientRect()).filter(Boolean);
  if (!spots.length) return;
  const scroll = $("scroll"), view = scroll.getBoundingClientRect(), foot = $("chart").offsetHeight;
  const left = Math.min(...spots.map((s) => s.left)), right = Math.max(...spots.map((s) => s.right));
  const top = Math.min(...spots.map((s) => s.top)), bottom = Math.max(...spots.map((s) => s.bottom));
  const to = { left: scroll.scrollLeft, top: scroll.scrollTop, behavior: near && !still.matches && state.pace !== "30" ? "smooth" : "auto" };
  if (left < view.left + GUTTER || right > view.right - 20) to.left += (left + right) / 2 - view.left - scroll.clientWidth * 0.6;
  if (top < view.top + 36 || bottom > view.bottom - foot) to.top += (top + bottom) / 2 - view.top - (scroll.clientHeight - foot) / 2;
  if (to.left !== scroll.scrollLeft || to.top !== scroll.scrollTop) scroll.scrollTo(to);
}

// ---- settings

/** Take over settings, load the run that they choose, show it. */
async function change(settings) {
  const wasLast = !run || state.step === run.flow.child.length; // the end stays the end, however long the run is
  Object.assign(state, settings, { values: { ...state.values, ...settings.values } });
  const values = state.values;
  const [k, n] = page.runs[runKey(values)];
  const family = await chunk(k);
  if (state.values !== values) return; // another change overtook this one
  run = { flow: indexed(family.flow), views: family.views, weights: family.weights, numbers: family.runs[n], scale: family.scale, ticks: family.ticks };
  if (!family.views[state.detail]) state.detail = Object.keys(family.views)[0];
  if (state.open !== null && (state.detail !== "cell" || !family.views[`cell/${state.open}`])) state.open = null;
  if (family.flow !== weights.of) {
    weights.of = family.flow;
    weights();
    hovered = kept = null;
  }
  mount();
  chart();
  heads();
  controls();
  theme();
  legend();
  go(wasLast && settings.step === undefined ? Infinity : state.step);
  if (settings.open != null && state.open !== null) center(`t = ${state.open}`);
}

const fields = new Map(); // of every control: its element

function controls() {
  if (!fields.size) {
    for (const control of [...page.controls, detail()]) fields.set(control, controlled(control));
    $("controls").append(...fields.values());
  }
  for (const [control, field] of fields) {
    const value = control.key === "detail" ? state.detail : state.values[control.key];
    field.hidden = !applies(control, state.values) || control.choices.length < 2;
    if (control.slider) {
      const place = control.choices.findIndex(([v]) => v === value);
      field.querySelector("input").value = place;
      field.querySelector("input").setAttribute("aria-valuetext", control.choices[place][1]);
      field.querySelector("output").textContent = control.choices[place][1];
    } else if (field.querySelector("select")) field.querySelector("select").value = value;
    else for (const input of field.querySelectorAll("input")) {
      input.checked = input.value === value;
      if (control.key === "detail") input.disabled = !run.views[input.value];
    }
  }
  $("theme").value = state.theme;
  $("pace").value = state.pace;
  $("predict").checked = state.predict;
  scoreboard();
}

const detail = () => ({
  key: "detail", label: "Detail", choices: ["op", "gate", "cell"].filter((name) => run.views[name]).map((name) => [name, name]),
});

const settle = (control, value) => change(control.key === "detail" ? { detail: value, open: null } : { values: { [control.key]: value } });

function controlled(control) {
  if (control.slider) {
    const input = element("input", { type: "range", min: 0, max: control.choices.length - 1, step: 1 });
    const field = element("label", { class: "field" }, control.label, input, element("output"));
    input.addEventListener("input", () => settle(control, control.choices[input.value][0]));
    return field;
  }
  if (control.choices.map(([, words]) => words).join("").length > 40) {
    const select = element("select", {}, ...control.choices.map(([value, words]) => element("option", { value }, words)));
    select.addEventListener("change", () => settle(control, select.value));
    return element("label", { class: "field" }, control.label, select);
  }
  const options = element("span", { class: "options" }, ...control.choices.map(([value, words]) => {
    const input = element("input", { type: "radio", name: control.key, value });
    input.addEventListener("change", () => settle(control, value));
    return element("label", {}, input, words);
  }));
  return element("fieldset", {}, element("legend", {}, control.label), options);
}

function theme() {
  document.documentElement.dataset.theme = state.theme === "auto" ? (dark.matches ? "dark" : "light") : state.theme;
}

function legend() {
  const scale = element("span", { class: "scale" }, element("div", { class: "ramp" }), ...run.ticks.map(([part, label]) => {
    const tick = element("span", {}, label);
    tick.style.left = `${100 * part}%`;
    return tick;
  }));
  const key = (name, words) => element("span", {}, element("i", { class: name }), words);
  $("legend").replaceChildren(element("span", {}, "gradient norm ‖∂L/∂·‖"), scale, key("wait", "waits for more uses"), key("zero", "exactly 0"));
}

// ---- the exact state in the fragment of the address, so that a link shows what its sender saw

function fragment() {
  const parts = new URLSearchParams({ ...state.values, detail: state.detail, step: state.step });
  if (state.open !== null) parts.set("open", state.open);
  if (state.theme !== "auto") parts.set("theme", state.theme);
  if (state.pace !== "150") parts.set("pace", state.pace);
  if (state.predict) parts.set("predict", "1");
  return `#${parts}`;
}

/** The settings in a fragment; what makes no sense is left out. */
function parsed(text) {
  const parts = new URLSearchParams(text.replace(/^#/, ""));
  const found = { values: {} };
  for (const { key, choices } of page.controls) {
    if (choices.some(([value]) => value === parts.get(key))) found.values[key] = parts.get(key);
  }
  const one = (key, allowed) => { if (allowed.includes(parts.get(key))) found[key] = parts.get(key); };
  one("detail", ["op", "gate", "cell"]);
  one("theme", ["auto", "light", "dark"]);
  one("pace", ["600", "150", "30"]);
  if (/^\d{1,6}$/.test(parts.get("step") ?? "")) found.step = Number(parts.get("step"));
  if (/^-?\d{1,6}$/.test(parts.get("open") ?? "")) found.open = Number(parts.get("open"));
  if (parts.get("predict") === "1") found.predict = true;
  return found;
}

let pending = 0;
function remember() { // browsers allow only so many changes of the address in a while
  clearTimeout(pending);
  pending = setTimeout(() => { if (location.hash !== fragment()) history.replaceState(null, "", fragment()); }, 250);
}

// ---- what the reader does

function look(node) {
  hovered = node;
  inspect();
}

function choose(node) {
  if (question && node !== null) return guess(node);
  kept = kept === node ? null : node;
  paint();
  inspect();
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
  if (inGraph && (name === "Enter")) { event.preventDefault(); return choose(nodeOf(on)); }
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
  run = null;
  return change({ open: null, theme: "auto", detail, ...found, values: { ...values, ...found.values } });
}

listen();
fold();
restore().then(() => {
  document.body.setAttribute("data-ready", "");
  performance.mark("ready");
});
