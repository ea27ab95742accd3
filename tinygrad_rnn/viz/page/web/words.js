// What happened in a sentence, and everything about one node in the inspector.

function told(k) {
  if (k === 0) return "Nothing has been sent yet. Play: the loss sends its gradient back, node by node.";
  const { names, child, parent, to, from } = run.flow, event = k - 1;
  if (k === child.length) return summary();
  const loss = parent[0];
  if (event === 0) return `${names[loss]} is the loss: its gradient is ${shown(run.numbers.sent[0])}, the start of everything.`;
  const p = parent[event], [got, all] = reports(p, k);
  const size = shown(run.numbers.sent[event]), sum = shown(run.numbers.have[event]);
  const box = mounted.home.get(p), inside = box !== undefined && box === mounted.home.get(child[event]);
  const sends = `${inside ? `Inside the box of ${names[box]}: ` : ""}${names[child[event]]} sends ${size} to ${names[p]}`;
  if (all === 1) return `${sends}${from[p].length ? "" : ", which keeps it"}.`;
  if (got < all) return `${sends}, which now has ${sum} from ${got} of ${all} uses, and waits.`;
  return `${sends}, which now has all of its ${all} uses together: ${sum}.`;
}

/** What there is to see when everything has been sent: the gradient of the last step beside that of the first. */
function summary() {
  const { points } = mounted.view.chart[0] ?? { points: [] };
  const ends = points.length > 1 ? [points.at(-1)[1], points[0][1]] : [];
  const sizes = ends.map((node) => `${shown(has(node) ?? 0)} for ${run.flow.names[node]}`);
  return `Everything has been sent${sizes.length ? `: the gradient has norm ${sizes.join(" and ")}` : ""}. Play, to see how.`;
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
  const { sent, low, high, have, why, worked } = run.numbers, k = state.step;
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
    parts.push(element("ul", {}, ...from[node].flatMap((e) => [
      item(`to ${names[parent[e]]}`, e < k ? `${shown(sent[e])}${gain(sent[e], upstream)}` : "not yet", e >= k),
      ...(e < k && worked[e] ? [element("li", { class: "worked" }, `largest entry ${worked[e]}`)] : []),
    ])));
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
