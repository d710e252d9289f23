// Runs pytest in CPython on WebAssembly: node .ci/wasm.mjs MODULES CHECKOUT SITE ARGUMENTS...
// MODULES is a node_modules with pyodide and @viz-js/viz, SITE a folder with pytest and what else the tests import.
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import process from "node:process";

const [, , modules, checkout, site, ...args] = process.argv;
const from = path => import(pathToFileURL(join(modules, path)).href);
const [{ loadPyodide }, { instance }] = [await from("pyodide/pyodide.mjs"), await from("@viz-js/viz/dist/viz.js")];
const graphviz = await instance();
const python = await loadPyodide({ env: { PYTEST_DISABLE_PLUGIN_AUTOLOAD: "1", CI: "true" } });
const layOut = (text, format, engine) => {
  const done = graphviz.render(text, { format, engine });
  if (done.status !== "success") throw new Error(done.errors.map(error => error.message).join("; "));
  return done.output;
};
python.registerJsModule("page", { layOut, args });
for (const [place, folder] of [["/checkout", checkout], ["/site", site]]) {
  python.FS.mkdirTree(place);
  python.mountNodeFS(place, folder);
}
process.exitCode = python.runPython(`
import os, sys
os.chdir("/checkout")
sys.path[:0] = ["/checkout", "/checkout/.ci", "/site"]
sys.dont_write_bytecode = True
import page, pytest
int(pytest.main(["-p", "_hypothesis_pytestplugin", "-p", "wasm_plugin", *page.args]))
`);
