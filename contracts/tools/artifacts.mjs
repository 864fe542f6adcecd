// Writes artifacts/: ABI and creation bytecode of the contracts, for people without Foundry and for other packages.
//
//   node contracts/tools/artifacts.mjs            compiles and writes
//   node contracts/tools/artifacts.mjs --check    compiles, writes nothing, and fails if a file is stale
//
// The same sources give the same bytes on every machine: the compiler is pinned and the bytecode has no metadata in it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const CONTRACTS = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const ARTIFACTS = path.join(CONTRACTS, "artifacts");

/** Contract to source, from contracts/. DevToken is for local chains only. */
const SOURCES = {
  Buyback: "src/Buyback.sol",
  FabToken: "src/FabToken.sol",
  Governance: "src/Governance.sol",
  GovernanceTimelock: "src/GovernanceTimelock.sol",
  NodeRegistry: "src/NodeRegistry.sol",
  Payments: "src/Payments.sol",
  SessionMarket: "src/SessionMarket.sol",
  Staking: "src/Staking.sol",
  UpgradeableProxy: "src/UpgradeableProxy.sol",
  VotingPower: "src/VotingPower.sol",
  PaymentEscrow: "src/PaymentEscrow.sol",
  JobMarketplace: "src/JobMarketplace.sol",
  RevenueSplitter: "src/RevenueSplitter.sol",
  ReputationSystem: "src/ReputationSystem.sol",
  DevToken: "test/tokens/DevToken.sol",
};

/** Runs forge and gives what it printed; ends this process as forge ended if it failed. */
function forge(...args) {
  const stdio = ["ignore", "pipe", "inherit"];
  const { status, stdout } = spawnSync(process.execPath, [path.join(CONTRACTS, "tools", "foundry"), "forge", ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    stdio,
  });
  if (status !== 0) {
    process.stderr.write(stdout);
    process.exit(status ?? 1);
  }
  return stdout;
}

/** The committed form of what the compiler made of `name`. */
function artifact(out, name) {
  const compiled = JSON.parse(fs.readFileSync(path.join(out, path.basename(SOURCES[name]), `${name}.json`), "utf8"));
  const { compiler, settings } = compiled.metadata;
  const deployed = Buffer.from(compiled.deployedBytecode.object.slice(2), "hex");
  return {
    contractName: name,
    source: SOURCES[name],
    compiler: {
      version: compiler.version,
      evmVersion: settings.evmVersion,
      viaIR: settings.viaIR ?? false,
      optimizerRuns: settings.optimizer.runs,
    },
    abi: compiled.abi,
    bytecode: compiled.bytecode.object,
    // Immutables are zero in it, so it is compared with no chain's code, only with other builds'.
    deployedBytecodeSha256: createHash("sha256").update(deployed).digest("hex"),
  };
}

function main() {
  const check = process.argv.includes("--check");
  forge("build", ...Object.values(SOURCES));
  const out = path.resolve(CONTRACTS, JSON.parse(forge("config", "--json")).out);
  const stale = [];
  for (const name of Object.keys(SOURCES)) {
    const file = path.join(ARTIFACTS, `${name}.json`);
    const text = `${JSON.stringify(artifact(out, name), null, 2)}\n`;
    if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === text) continue;
    stale.push(path.relative(CONTRACTS, file));
    if (!check) fs.writeFileSync(file, text);
  }
  if (check && stale.length > 0) {
    process.stderr.write(`stale: ${stale.join(", ")}; run \`node contracts/tools/artifacts.mjs\` and commit\n`);
    process.exit(1);
  }
  process.stdout.write(stale.length > 0 ? `wrote ${stale.join(", ")}\n` : "artifacts are current\n");
}

main();
