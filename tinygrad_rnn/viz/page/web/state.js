"use strict";
// The state is a few settings and a step k. What is shown is a fold of the events 0 .. k-1 of the run that the settings choose, so
// going back is the same as never having gone on. Every norm comes from the engine; nothing is computed here but comparisons.

const page = JSON.parse(document.getElementById("head").textContent);
const $ = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const narrow = matchMedia("(max-width: 860px)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const SMALLEST = 0.82, LARGEST = 1.35; // of the graph's natural size: never too small to read
const CHART = [120, 420], GUTTER = 52; // the least and the greatest height of the chart; room left of the graph for its axis

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
  return k > 1 && k < child.length && child[k] !== child[k - 1] ? child[k] : null; // the loss begins: there is nothing to guess
}
