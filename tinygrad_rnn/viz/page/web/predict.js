// "Predict first": play stops before each node and asks which one goes next.

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
  question ??= { node: nextTurn(state.step), tries: 0 };
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
  if (aloud && $("live").textContent !== words) $("live").textContent = words;
}
