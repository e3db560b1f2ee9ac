import { blockTrial } from "./fuzz/block.ts";
import { iniTrial } from "./fuzz/ini.ts";
import { jsonTrial } from "./fuzz/json.ts";
import type { Trial } from "./fuzz/random.ts";

// More of them: `node bench/fuzz-files.ts 100000`.
const documents = 3000;

test.each<[string, Trial]>([
  ["ini", iniTrial],
  ["json", jsonTrial],
  ["block", blockTrial],
])(`${documents} random %s files: a second merge, undo, and a person's edits in between`, (_name, trial) => {
  let held = 0;
  for (let seed = 1; seed <= documents; seed += 1) if (trial(seed) === "held") held += 1;
  // Refusals are for files that cannot be understood, and rare.
  expect(held).toBeGreaterThan(documents * 0.8);
});
