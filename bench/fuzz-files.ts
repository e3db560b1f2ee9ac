/**
 * Random files against the merge of `ManagedFile`: `node bench/fuzz-files.ts [DOCUMENTS] [FIRST_SEED]`, 100,000 of each
 * format unless told otherwise. Ends with 1 and the document when a property does not hold.
 */
import { blockTrial } from "../tests/domain/files/fuzz/block.ts";
import { iniTrial } from "../tests/domain/files/fuzz/ini.ts";
import { jsonTrial } from "../tests/domain/files/fuzz/json.ts";

const [documents = 100_000, first = 1] = process.argv.slice(2).map(Number);
for (const [name, trial] of Object.entries({ ini: iniTrial, json: jsonTrial, block: blockTrial })) {
  const began = performance.now();
  const count = { held: 0, refused: 0 };
  for (let seed = first; seed < first + documents; seed += 1) count[trial(seed)] += 1;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${name}: ${documents} documents, ${count.held} held, ${count.refused} refused untouched, ${seconds} s`);
}
