/* The worker: CPython and Graphviz, both in WebAssembly. It answers requests of the page one after another. */
import { loadPyodide } from "./pyodide/pyodide.mjs";
import { instance } from "./viz.js";

const here = name => new URL(name, import.meta.url).href;

async function start() {
  const archives = ["glassgrad.zip", "graphviz.zip"].map(async name => {
    const response = await fetch(here(name));
    if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
    return response.arrayBuffer();
  });
  const source = fetch(here("session.py")).then(response => response.text());
  const [python, graphviz, parts] = await Promise.all([loadPyodide({ indexURL: here("pyodide/") }), instance(), Promise.all(archives)]);
  postMessage({ state: "Starting glassgrad …" });
  for (const part of parts) python.unpackArchive(part, "zip", { extractDir: "/lib/glassgrad" });
  python.FS.writeFile("/lib/glassgrad/session.py", await source);
  const layOut = (text, format, engine) => {
    const done = graphviz.render(text, { format, engine });
    if (done.status !== "success") throw new Error(done.errors.map(error => error.message).join("; "));
    return done.output;
  };
  python.registerJsModule("page", { layOut });
  python.runPython("import sys; sys.path.insert(0, '/lib/glassgrad')\nimport page, viz, session\nviz.set_graphviz(page.layOut)");
  return python.runPython("session.Session().answer");
}

const started = start();

addEventListener("message", async ({ data }) => {
  try {
    const answer = await started;
    postMessage({ id: data.id, answer: JSON.parse(answer(JSON.stringify(data.asked))) });
  } catch (error) {
    postMessage({ id: data.id, failure: String(error.message ?? error) });
  }
});

started.then(() => postMessage({ state: "ready" }), error => postMessage({ failure: String(error.message ?? error) }));
