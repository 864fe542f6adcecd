// Measures what the tests reach of src/, and fails below 100 % of its lines or branches.
//
//   node contracts/tools/coverage.mjs            prints a line for each file, and what was missed
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const CONTRACTS = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const REPORT = path.join("cache", "lcov.info");

/** Tests of gas budgets are left out: coverage compiles without the optimizer. */
const WITHOUT = ["--no-match-contract", "Gas", "--no-match-test", "test_Gas"];

/** Runs the tests under coverage and leaves the report; ends this process if a test fails. */
function measure() {
  fs.mkdirSync(path.join(CONTRACTS, "cache"), { recursive: true });
  const forge = [path.join(CONTRACTS, "tools", "foundry"), "forge", "coverage"];
  const report = ["--report", "lcov", "--report-file", REPORT];
  const { status, stdout } = spawnSync(process.execPath, [...forge, ...report, ...WITHOUT], {
    encoding: "utf8",
    env: { ...process.env, FOUNDRY_PROFILE: "coverage" },
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) {
    process.stderr.write(`${stdout.split("\n").slice(-60).join("\n")}\n`);
    process.exit(status ?? 1);
  }
}

/** The report as [{ file, lines, branches }], each a list of { at, hit }. */
function parse(lcov) {
  const files = [];
  for (const row of lcov.split("\n")) {
    const [tag, rest = ""] = row.split(/:(.*)/s);
    const fields = rest.split(",");
    if (tag === "SF") files.push({ file: rest, lines: [], branches: [] });
    else if (tag === "DA") files.at(-1).lines.push({ at: fields[0], hit: Number(fields[1]) > 0 });
    else if (tag === "BRDA") files.at(-1).branches.push({ at: fields[0], hit: !["-", "0"].includes(fields[3]) });
  }
  return files;
}

const percent = (items) => (items.length === 0 ? 100 : (100 * items.filter(({ hit }) => hit).length) / items.length);
const missed = (items) => [...new Set(items.filter(({ hit }) => !hit).map(({ at }) => at))].join(", ");

function main() {
  measure();
  const files = parse(fs.readFileSync(path.join(CONTRACTS, REPORT), "utf8"));
  const ours = files.filter(({ file }) => /^src\/(?!interfaces\/)/.test(file));
  if (ours.length === 0) throw new Error("the report names no file of src/");
  let complete = true;
  for (const { file, lines, branches } of ours) {
    const figures = `${percent(lines).toFixed(1).padStart(5)} % lines ${percent(branches).toFixed(1).padStart(5)} % branches`;
    process.stdout.write(`${figures}  ${file}\n`);
    if (missed(lines)) process.stdout.write(`  lines missed: ${missed(lines)}\n`);
    if (missed(branches)) process.stdout.write(`  branches missed at lines: ${missed(branches)}\n`);
    complete &&= !missed(lines) && !missed(branches);
  }
  if (!complete) process.exit(1);
}

main();
