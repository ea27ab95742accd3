// Going to a step, playing, and following the sweep.

function go(step) {
  const last = run.flow.child.length;
  const earlier = state.step;
  state.step = Math.min(Math.max(step, 0), last);
  question = null;
  draw();
  const { child, steps } = run.flow;
  const far = !playing || steps[child[state.step - 1]] !== steps[child[earlier - 1]];
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
  if (question) return ask(); // it waits for an answer
  if (state.step === run.flow.child.length) go(0);
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
