// The official language host loads packs with `require` behind ts-node, which does not know `.ts` imports; from here on
// Node loads them itself.
import "./index.ts";
