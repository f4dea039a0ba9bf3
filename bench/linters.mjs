// Linters for prose on the same texts: the names of those that found something, and texts a second.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const given = JSON.parse(readFileSync(0, "utf-8"));

async function lintJapanese() {
  const { createLinter, loadTextlintrc } = await import(pathToFileURL(require.resolve("textlint")));
  const descriptor = await loadTextlintrc({ configFilePath: given.config, node_modulesDir: join(folder, "node_modules") });
  const linter = createLinter({ descriptor });
  return async (text) => (await linter.lintText(text, "reply.txt")).messages.length > 0;
}

async function lintEnglish() {
  const writeGood = require("write-good");
  return async (text) => writeGood(text).length > 0;
}

const lint = await (given.language === "ja" ? lintJapanese() : lintEnglish());
const found = [];
for (const text of given.judged) found.push(await lint(text));
const before = process.cpuUsage();
for (const text of given.texts) await lint(text);
const used = process.cpuUsage(before);
console.log(JSON.stringify({ rate: given.texts.length / ((used.user + used.system) / 1e6), found }));
