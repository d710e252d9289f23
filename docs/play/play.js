/* The page: what is typed and dragged goes to the worker, and what the worker answers is shown. */
const at = id => document.getElementById(id);
const [text, status, error, picture, steps, play, sliders] = ["text", "status", "error", "picture", "steps", "play", "numbers"].map(at);
const dark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 800px)");
const SMALLEST = 0.6; // a picture that would have to be smaller to fit is scrolled: its words could not be read
const PATIENCE = 3000; // milliseconds before a program can be stopped

const numbers = {}; // by name; of names that are gone, too, since they may come back
let explained = ""; // the name of the node whose gradient is explained
let trusted = true; // Python of a link is not run before its reader says so
let view = "picture";
let played = { of: "", shape: 0, inputs: [], slots: {} }; // what the page to play with is of: it computes by itself, whatever the numbers are
let shown = null; // the last answer without an error

/* ---- the worker: one request at a time, and of those that wait only the last ---- */

let worker, busy = 0, waiting = null, asked = null, ready = false, timer = 0;

function startWorker() {
  ready = false;
  worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }) => {
    if (data.state === "ready") {
      ready = true;
      document.documentElement.dataset.ready = "";
      say("");
    } else if (data.state) say(data.state);
    else if (data.failure) fail(data.failure, data.id);
    else done(data.answer);
  });
  worker.addEventListener("error", event => fail(event.message || "the page could not start its worker"));
}

function ask() {
  remember();
  waiting = {
    text: text.value, numbers: { ...numbers }, theme: dark.matches ? "dark" : "light", style: at("boxes").checked ? "boxes" : "circuit",
    direction: at("down").checked ? "TB" : "LR", local: at("local").checked, explain: explained, steps: view === "steps", trusted,
  };
  waiting.of = [waiting.text, waiting.theme, waiting.style, waiting.direction].join("\n");
  waiting.play = view === "play" && waiting.of !== played.of;
  send();
}

function send() {
  if (busy || !waiting) return;
  busy += 1;
  timer = setTimeout(() => { if (ready) { at("stop").hidden = false; say("Still computing …"); } }, PATIENCE);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
  worker.postMessage({ id: busy, asked: waiting });
  asked = waiting;
  waiting = null;
}

function idle() {
  busy = 0;
  clearTimeout(timer);
  at("stop").hidden = true;
}

function done(answer) {
  idle();
  if (!waiting) show(answer);
  else follow(answer);
  send();
}

/* What follows while more is on its way: the picture and the table. */
function follow(answer) {
  if (!answer.error) show(answer);
}

function fail(message, during) {
  idle();
  complain(`Python has stopped: ${message}`);
  if (during === undefined && !ready) { say("It could not be started. Reload the page to try again."); return; }
  restart();
}

function restart() {
  worker.terminate();
  idle();
  waiting = null;
  say("Starting Python again …");
  startWorker();
}

at("stop").addEventListener("click", () => {
  restart();
  complain("Stopped. Change the text to compute it again.");
});

/* ---- what is shown ---- */

const KINDS = { expression: "Read as an expression.", python: "Read as Python." };

function say(words) {
  status.textContent = words;
}

function complain(words) {
  error.textContent = words;
  error.hidden = !words;
  for (const part of [picture, steps, play]) part.classList.toggle("stale", Boolean(words));
}

function show(answer) {
  complain(answer.error);
  at("run").hidden = !answer.held;
  say(answer.held ? "This link holds a Python program. Read it before you run it." : KINDS[answer.kind]);
  if (answer.numbers) showNumbers(answer.names, answer.numbers);
  if (answer.error || answer.held) return;
  shown = answer;
  picture.innerHTML = answer.svg;
  fit();
  showSteps(answer.steps);
  showPlay(answer);
  showTable(answer);
  tellTable();
  const part = at("explanation");
  part.innerHTML = answer.explanation;
  revive(part);
  at("printed").textContent = answer.printed;
  at("printed").hidden = !answer.printed;
}

/* A picture is as large as it is, smaller where it doesn't fit, but never so small that it can't be read. */
function fit() {
  const svg = picture.querySelector("svg");
  if (!svg) return;
  const { width, height } = svg.viewBox.baseVal;
  const largest = narrow.matches ? 1 : 1.25;
  const scale = Math.max(SMALLEST, Math.min(largest, (picture.clientWidth - 12) / width));
  svg.style.width = `${width * scale}px`;
  svg.style.height = `${height * scale}px`;
  picture.querySelectorAll(".leaf").forEach(leaf => {
    if (shown.names.includes(shown.places[leaf.dataset.node])) leaf.classList.add("held");
  });
}

/* Scripts that came as text don't run by themselves. */
function revive(part) {
  part.querySelectorAll("script").forEach(old => {
    const script = document.createElement("script");
    script.textContent = old.textContent;
    old.replaceWith(script);
  });
}

/* The player is a page of its own; it stays at its step while its numbers change. */
function showSteps(html) {
  steps.hidden = view !== "steps";
  play.hidden = view !== "play";
  picture.hidden = view !== "picture";
  at("see").classList.toggle("walking", view !== "picture");
  if (!html) { steps.textContent = ""; return; }
  const before = steps.querySelector("[data-step]");
  const [step, focused] = before ? [before.dataset.step, before.contains(document.activeElement) && document.activeElement] : [null, null];
  const way = focused && (focused.dataset.act ? `[data-act=${focused.dataset.act}]` : focused.type === "range" ? "[type=range]" : "[data-glassgrad]");
  steps.innerHTML = html;
  revive(steps);
  const slider = steps.querySelector(".bar input");
  if (slider && step !== null) {
    slider.value = step;
    slider.dispatchEvent(new Event("input"));
  }
  if (way) steps.querySelector(way)?.focus();
}

/* The page to play with changes the numbers by itself, and tells; the sliders' numbers go into it. */
function showPlay({ play: html, inputs, slots, shape }) {
  if (!html) {
    if (view !== "play" || shape === played.shape) return;
    played.of = ""; // a program took another branch
    ask();
    return;
  }
  play.innerHTML = html;
  revive(play);
  const page = play.firstElementChild;
  played = { of: page.glassgrad ? asked.of : "", shape, inputs, slots };
  playWithSliders();
  page.addEventListener("glassgrad:values", ({ detail }) => {
    inputs.forEach((name, k) => {
      const row = [...sliders.children].find(one => one.dataset.name === name);
      if (!row || Object.is(numbers[name], detail[k]) || !Number.isFinite(detail[k])) return;
      row.show(detail[k]);
      row.place();
    });
    tellTable();
    ask();
  });
}

function playWithSliders() {
  const page = play.firstElementChild?.glassgrad;
  if (!page || view !== "play") return;
  const given = page.values.map((number, k) => numbers[played.inputs[k]] ?? number);
  if (given.some((number, k) => !Object.is(number, page.values[k]))) page.follow(given);
}

/* The numbers in the table are those of the page to play with, which may have changed more of them than have a slider. */
function tellTable() {
  const page = play.firstElementChild?.glassgrad;
  if (!page || view !== "play") return;
  const { numbers: values, slopes } = page;
  for (const button of at("table").querySelectorAll("button")) {
    const slot = played.slots[button.dataset.name], [, value, gradient] = button.closest("tr").cells;
    if (slot === undefined || values[slot] === undefined || slopes[slot] === undefined) continue;
    value.textContent = page.short(values[slot], 6);
    gradient.textContent = page.short(slopes[slot], 6);
  }
}

function showTable({ rows, constants }) {
  const table = document.createElement("table");
  table.innerHTML = "<caption hidden>Values and gradients</caption><thead><tr><th>node</th><th>value</th><th>∇ gradient</th></tr></thead><tbody></tbody>";
  for (const [name, value, gradient, called] of rows) {
    const row = table.tBodies[0].insertRow();
    const cell = row.insertCell();
    if (called) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = button.title = name;
      button.dataset.name = called;
      button.setAttribute("aria-pressed", called === explained);
      button.setAttribute("aria-label", `explain the gradient of ${name}`);
      cell.append(button);
    } else cell.textContent = name;
    row.insertCell().textContent = value;
    row.insertCell().textContent = gradient;
  }
  const focused = document.activeElement?.closest("#table button")?.dataset.name;
  at("table").replaceChildren(table);
  const used = Object.entries(constants).map(([name, value]) => `${name} = ${value}`).join(", ");
  if (used) {
    const line = document.createElement("p");
    line.textContent = `constants: ${used}`;
    at("table").append(line);
  }
  if (focused) at("table").querySelector(`button[data-name="${CSS.escape(focused)}"]`)?.focus();
}

function explain(name) {
  explained = name === explained ? "" : name;
  ask();
}

at("table").addEventListener("click", event => {
  const button = event.target.closest("button");
  if (button) explain(button.dataset.name);
});

/* ---- numbers: a slider and a field each ---- */

/* From minus to plus the first of 5, 10, 20, 50, ... that is twice the number, in steps of a thousandth or so. */
function reach(number) {
  let limit = 5;
  for (let k = 0; limit < 2 * Math.abs(number) && limit < 1e300; k += 1) limit *= k % 3 === 1 ? 2.5 : 2;
  return limit;
}

const stepOf = limit => 10 ** Math.floor(Math.log10(limit / 200));
const rounded = (number, step) => Number((Math.round(number / step) * step).toFixed(Math.max(0, -Math.round(Math.log10(step)))));

function showNumbers(names, given) {
  const there = [...sliders.querySelectorAll("div")].map(row => row.dataset.name);
  for (const name of names) numbers[name] ??= given[name];
  if (there.join() !== names.join()) sliders.replaceChildren(...names.map(numberRow));
}

function numberRow(name) {
  const row = document.createElement("div");
  row.dataset.name = name;
  const label = document.createElement("label");
  const slider = document.createElement("input");
  const field = document.createElement("input");
  label.textContent = label.title = name;
  label.htmlFor = field.id = `number-${name}`;
  slider.type = "range";
  slider.setAttribute("aria-label", `slider of ${name}`);
  field.type = "number";
  field.step = "any";
  field.inputMode = "text"; // the number pad of some phones has no minus
  const place = () => {
    const limit = reach(numbers[name]);
    [slider.min, slider.max, slider.step] = [-limit, limit, stepOf(limit)];
    slider.value = numbers[name];
  };
  row.show = number => {
    numbers[name] = number;
    field.value = number;
    slider.value = number;
  };
  row.take = number => {
    row.show(number);
    playWithSliders();
    ask();
  };
  row.place = place;
  slider.addEventListener("input", () => row.take(Number(slider.value)));
  slider.addEventListener("change", place);
  field.addEventListener("input", () => {
    if (!Number.isFinite(field.valueAsNumber)) return;
    numbers[name] = field.valueAsNumber;
    place();
    playWithSliders();
    ask();
  });
  field.addEventListener("blur", () => { field.value = numbers[name]; });
  place();
  field.value = numbers[name];
  row.append(label, slider, field);
  return row;
}

/* In the picture, a leaf is dragged to the right for more, to the left for less; any node is chosen by a click. */
picture.addEventListener("pointerdown", event => {
  const node = event.target.closest(".node");
  if (!node || !shown || event.button !== 0) return;
  const name = shown.places[node.dataset.node];
  const row = [...sliders.children].find(one => one.dataset.name === name);
  const from = { x: event.clientX, number: numbers[name] };
  let moved = false;
  const move = more => {
    const dx = more.clientX - from.x;
    if (!row || event.pointerType === "touch" || (!moved && Math.abs(dx) < 4)) return;
    moved = true;
    const step = stepOf(reach(from.number));
    row.take(rounded(from.number + Math.round(dx / 2) * step, step));
  };
  const end = last => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    if (moved) row.place();
    else if (name && last.type === "pointerup") explain(name);
  };
  if (row && event.pointerType !== "touch") event.preventDefault();
  addEventListener("pointermove", move);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
});

/* ---- the address: #e=expression&name=number&... ---- */

let remembering = 0;

function address() {
  const parts = new URLSearchParams([["e", text.value]]);
  for (const row of sliders.children) parts.append(row.dataset.name, numbers[row.dataset.name]);
  return `#${parts}`;
}

function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => history.replaceState(null, "", address()), 300);
}

function fromAddress() {
  const parts = [...new URLSearchParams(location.hash.slice(1))];
  const expression = parts.find(([name]) => name === "e");
  if (!expression) return false;
  text.value = expression[1];
  for (const part of parts) {
    if (part !== expression && part[1].trim() && Number.isFinite(Number(part[1]))) numbers[part[0]] = Number(part[1]);
  }
  trusted = false;
  return true;
}

at("run").addEventListener("click", () => {
  trusted = true;
  ask();
  text.focus();
});

addEventListener("hashchange", () => {
  if (!fromAddress()) return;
  restated();
});

at("link").addEventListener("click", async () => {
  history.replaceState(null, "", address());
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied: it holds the expression and its numbers.");
  } catch {
    say("The link is in the address bar: it holds the expression and its numbers.");
  }
});

/* ---- text, examples, options ---- */

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, innerHeight * 0.5)}px`;
}

/* After another text: its numbers, a new row for each. */
function restated() {
  explained = "";
  sliders.replaceChildren();
  grow();
  ask();
}

text.addEventListener("input", () => {
  trusted = true;
  grow();
  at("examples").value = "";
  ask();
});

const examples = await (await fetch(new URL("examples.json", import.meta.url))).json();
at("examples").append(new Option("…", ""), ...examples.map((example, k) => new Option(example.title, k)));
at("examples").addEventListener("change", () => {
  const example = examples[at("examples").value];
  if (!example) return;
  trusted = true;
  text.value = example.text;
  Object.assign(numbers, example.numbers);
  restated();
});

at("views").addEventListener("click", event => {
  const button = event.target.closest("[data-view]");
  if (!button) return;
  view = button.dataset.view;
  at("views").querySelectorAll("[data-view]").forEach(one => one.setAttribute("aria-pressed", one === button));
  ask();
});
for (const option of ["local", "boxes", "down"]) at(option).addEventListener("change", ask);
dark.addEventListener("change", ask);
addEventListener("resize", () => { if (shown) fit(); });

startWorker();
at("down").checked = narrow.matches;
if (!fromAddress()) {
  text.value = examples[0].text;
  Object.assign(numbers, examples[0].numbers);
  at("examples").value = 0;
}
restated();
say("Loading Python …");
