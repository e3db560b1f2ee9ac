/** One file in each mode, for what must hold in all of them: what stood there, what is wanted first and next. */
import type { ManagedFileInputs } from "../../../provider/resources/managed-file.ts";

export interface Sample {
  name: string;
  original: string;
  first: ManagedFileInputs;
  next: ManagedFileInputs;
}

const file = "/etc/thing.conf";

export const samples: readonly Sample[] = [
  {
    name: "whole",
    original: "original",
    first: { path: file, mode: "whole", content: "ours\n" },
    next: { path: file, mode: "whole", content: "ours 2\n" },
  },
  {
    name: "ini",
    original: "# mine\r\n[a]\r\nb = 1 # one",
    first: { path: file, mode: "ini", values: { a: { b: 2 }, new: { c: "d" } } },
    next: { path: file, mode: "ini", values: { a: { b: 3 } } },
  },
  {
    name: "jsonc",
    original: '{\n\t"a": 1, // one\n}\n',
    first: { path: file, mode: "jsonc", values: { a: 2, b: { c: [1] } } },
    next: { path: file, mode: "jsonc", values: { b: { c: [2] } } },
  },
  {
    name: "block",
    original: "umask 022\n",
    first: { path: file, mode: "block", content: "export A=1\n", comment: "#", block: "go" },
    next: { path: file, mode: "block", content: "export A=2\n", comment: "#", block: "go" },
  },
];
