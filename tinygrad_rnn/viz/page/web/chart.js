// The chart of the gradient that reaches every step, under its column where all columns are alike: its axis of time is even.

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
  if (mounted.view.gap) { // the steps that the graph hides stand here too, as far apart as all others
    const [left, right, first, last] = mounted.view.gap, x = mounted.place(left), wide = (right - left) * mounted.zoom;
    svg.append(drawn("rect", { class: "gap", x, y: top, width: wide, height: bottom - top, rx: 6 }));
    svg.append(drawn("text", { class: "gap", x: x + wide / 2, y: bottom - 8, "text-anchor": "middle" }, `t = ${first} to ${last}, hidden above`));
  }
  for (const [at, t] of mounted.view.times) { // where the steps do not stand under their columns
    const x = mounted.place(at);
    svg.append(drawn("path", { class: "grid", d: `M${x} ${top}V${bottom}` }));
    svg.append(drawn("text", { class: "time", x, y: tall - 1, "text-anchor": "middle" }, `t = ${t}`));
  }
  const axis = drawn("svg", { width: GUTTER, height: tall, "aria-hidden": "true" });
  axis.append(drawn("rect", { width: GUTTER - 4, height: tall }));
  for (const [part, label] of run.ticks) {
    const at = bottom - part * (bottom - top);
    svg.append(drawn("path", { class: "grid", d: `M${GUTTER} ${at}H${width}` }));
    axis.append(drawn("text", { x: GUTTER - 8, y: at + 4, "text-anchor": "end" }, label));
  }
  const states = [...new Set(lines.map((line) => line.name))]; // h, or h and c
  axis.append(drawn("text", { x: 8, y: 13 }, `${states.map((name) => `‖∂L/∂${name}‖`).join(" and ")} at each step`));
  const names = [];
  const spotsOf = (line) => line.points.map(([x, node]) => [mounted.place(x), y(run.numbers.have[run.flow.to[node].at(-1)] ?? 0), node]);
  for (const line of lines) {
    const crowded = lines.length > 2 || line.points.length > 1.5 * mounted.view.columns.length;
    const spots = spotsOf(line), others = lines.length === 2 ? spotsOf(lines.find((other) => other !== line)) : [];
    svg.append(drawn("path", { class: "course", d: "M" + spots.map(([x, at]) => `${x} ${at}`).join("L") }));
    spots.slice(1).forEach(([x, at, node], k) => {
      const piece = drawn("path", { class: "done", d: `M${spots[k][0]} ${spots[k][1]}L${x} ${at}` });
      mounted.strokes.push([piece, spots[k][2], node]);
      svg.append(piece);
    });
    for (const [k, [x, at, node]] of spots.entries()) {
      const dot = drawn("circle", { cx: x, cy: at, r: crowded ? 3 : 4.5 });
      const tip = drawn("title");
      const below = at <= top + 16 || (others[k] && others[k][1] < at && at < bottom - 16); // of two lines, under the lower
      const value = drawn("text", { class: "value", x, y: below ? at + 18 : at - 9, "text-anchor": "middle" });
      mounted.points.push([dot, crowded ? tip : value, node]);
      dot.append(tip);
      svg.append(dot, value);
    }
    names.push([spots[0]?.[1], spots[0]?.[0], line.where || line.name]);
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
