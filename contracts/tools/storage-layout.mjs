// Keeps the storage of upgradeable contracts where it is: an upgrade that moved a variable would read another's value.
//
//   node contracts/tools/storage-layout.mjs            writes layouts/, unless something moved
//   node contracts/tools/storage-layout.mjs --check    writes nothing, and fails if a file is stale
//
// Either way it fails if a variable of a committed layout is gone, renamed, retyped or elsewhere; new ones may follow. To
// move something on purpose, before anything is deployed, delete the contract's file.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const CONTRACTS = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const LAYOUTS = path.join(CONTRACTS, "layouts");

/** Contracts that stand behind an UpgradeableProxy, and their sources from contracts/. */
const UPGRADEABLE = {
  Buyback: "src/Buyback.sol",
  JobMarketplace: "src/JobMarketplace.sol",
  ReputationSystem: "src/ReputationSystem.sol",
};

function fail(message) {
  process.stderr.write(`storage-layout: ${message}\n`);
  process.exit(1);
}

/** Runs forge and gives what it printed. */
function forge(...words) {
  const stdio = ["ignore", "pipe", "inherit"];
  const program = path.join(CONTRACTS, "tools", "foundry");
  const { status, stdout } = spawnSync(process.execPath, [program, "forge", ...words], { encoding: "utf8", maxBuffer: 1 << 26, stdio });
  if (status !== 0) fail(`forge ${words[0]} failed\n${stdout}`);
  return stdout;
}

/** What the compiler says about a contract's storage. */
function layout(out, name) {
  const file = path.join(out, path.basename(UPGRADEABLE[name]), `${name}.json`);
  const { storageLayout } = JSON.parse(fs.readFileSync(file, "utf8"));
  return storageLayout ?? fail(`${file} has no storage layout: run \`forge clean\` and try again`);
}

/** Types carry ids of the syntax tree, which change with every edit. */
const plain = (type) => type.replace(/\)\d+_storage/g, ")_storage").replace(/\)\d+/g, ")");

/** A variable per line; the members of a struct, at their own places, follow it. */
function flatten({ storage, types }, slot = 0, prefix = "") {
  return storage.flatMap(({ label, offset, slot: at, type }) => {
    const place = { name: prefix + label, slot: slot + Number(at), offset, type: plain(type) };
    const { members, value } = types[type];
    if (members) return [place, ...flatten({ storage: members, types }, place.slot, `${place.name}.`)];
    // What a mapping or an array holds lies elsewhere, each by itself: its members' places are relative.
    const held = value ?? types[type].base;
    if (held && types[held].members) return [place, ...flatten({ storage: types[held].members, types }, 0, `${place.name}[].`)];
    return [place];
  });
}

/** What is no longer where it was. */
function moved(before, after) {
  const now = new Map(after.map((place) => [place.name, JSON.stringify(place)]));
  return before.filter((place) => now.get(place.name) !== JSON.stringify(place)).map(({ name }) => name);
}

function main() {
  const check = process.argv.includes("--check");
  forge("build", ...Object.values(UPGRADEABLE));
  const out = path.resolve(CONTRACTS, JSON.parse(forge("config", "--json")).out);
  const stale = [];
  for (const name of Object.keys(UPGRADEABLE)) {
    const file = path.join(LAYOUTS, `${name}.json`);
    const places = flatten(layout(out, name));
    const text = `[\n${places.map((place) => `  ${JSON.stringify(place)}`).join(",\n")}\n]\n`;
    const committed = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
    const gone = committed === undefined ? [] : moved(JSON.parse(committed), places);
    if (gone.length > 0) fail(`${name}: moved, changed or gone: ${gone.join(", ")}`);
    if (committed === text) continue;
    stale.push(`layouts/${name}.json`);
    if (check) continue;
    fs.mkdirSync(LAYOUTS, { recursive: true });
    fs.writeFileSync(file, text);
  }
  if (check && stale.length > 0) fail(`stale: ${stale.join(", ")}; run \`node contracts/tools/storage-layout.mjs\` and commit`);
  process.stdout.write(stale.length > 0 ? `wrote ${stale.join(", ")}\n` : "storage layouts are current\n");
}

main();
