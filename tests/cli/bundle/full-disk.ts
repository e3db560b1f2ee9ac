/** Takes a bundle where the test says, and prints what was wrong. */
import { placeBundle } from "../../../cli/bundle/place.ts";

const [file = "", root = "", cacheDir = ""] = process.argv.slice(2);
try {
  await placeBundle({ file, root, cacheDir, agree: () => {}, onWait: () => {} });
} catch (error) {
  console.log((error as Error).message);
}
