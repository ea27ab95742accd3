// The controls, and the exact state in the fragment of the address.

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
  if (!mount()) chart(); // another run in the same picture
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
const addressed = location.protocol !== "about:"; // in a frame of a notebook there is no address to keep the state in
function remember() { // browsers allow only so many changes of the address in a while
  clearTimeout(pending);
  pending = setTimeout(() => { if (addressed && location.hash !== fragment()) history.replaceState(null, "", fragment()); }, 250);
}
