// The graph: put into the document once for every view, then only written on. All that is written follows from the step.

const viewName = () => (state.open === null ? state.detail : `cell/${state.open}`);

function mount() {
  const name = viewName();
  if (mounted && mounted.views === run.views && mounted.name === name) return false;
  const view = run.views[name];
  const svg = document.adoptNode(new DOMParser().parseFromString(view.svg, "image/svg+xml").documentElement);
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
  resize();
  $("graph").replaceChildren(svg);
  return true;
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
      icon.append(drawn("path", { d: opened ? "M1 7l4-4 4 4" : "M1 3l4 4 4-4" }));
      head.append(icon);
      head.addEventListener("click", () => change({ open: opened ? null : t, detail: "cell" }));
    }
    head.style.left = `${mounted.place(left)}px`;
    head.style.width = `${(right - left) * mounted.zoom}px`;
    return head;
  }));
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
    put(el, "data-waits", before(run.flow.to[id], k) > 0 && !whole(id, k)); // of a box of several: what leaves it
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
