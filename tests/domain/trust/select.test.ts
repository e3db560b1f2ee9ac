import type { WindowsRoot } from "../../../domain/facts.ts";
import { type RootQuestion, selectRoots } from "../../../domain/trust/select.ts";

const fingerprint = (letter: string): string => letter.repeat(64);
const root = (letter: string, changes: Partial<WindowsRoot> = {}): WindowsRoot => ({
  fingerprint: fingerprint(letter),
  subject: `CN=${letter}`,
  notAfter: "2030-01-01T00:00:00.000Z",
  serverAuth: true,
  disallowed: false,
  pem: `pem ${letter}`,
  ...changes,
});
const select = (changes: Partial<RootQuestion>) =>
  selectRoots({ windows: [], files: [], approved: undefined, distribution: [], ...changes });

test("each once, sorted, from Windows and from files", () => {
  const files = [{ path: "/team.pem", roots: [root("a"), root("c")], problem: "" }];
  const { selected, leftOut, problems } = select({ windows: [root("c"), root("b"), root("c")], files });
  expect(selected.map(({ pem }) => pem)).toEqual(["pem a", "pem b", "pem c"]);
  expect([leftOut, problems]).toEqual([[], []]);
});

test.each<[string, Partial<RootQuestion>, string]>([
  [
    "expired",
    { windows: [root("a", { expired: true, notAfter: "2020-05-06T00:00:00.000Z" })] },
    "it expired on 2020-05-06",
  ],
  ["for mail only", { windows: [root("a", { serverAuth: false })] }, "it is not for authenticating servers"],
  [
    "disallowed",
    { windows: [root("a", { disallowed: true })] },
    "it stands in Windows' list of disallowed certificates",
  ],
  ["no authority", { windows: [root("a", { ca: false })] }, "it is no certificate authority"],
  ["the distribution's", { windows: [root("a")], distribution: [fingerprint("a")] }, "the distribution has it already"],
  [
    "not approved",
    { windows: [root("a")], approved: [fingerprint("b")] },
    "it is not on the list hostSync.roots.approved",
  ],
  [
    "from a file, but disallowed by Windows",
    { windows: [root("a", { disallowed: true })], files: [{ path: "/t", roots: [root("a")], problem: "" }] },
    "it stands in Windows' list of disallowed certificates",
  ],
])("%s is left out, with the reason", (_name, question, reason) => {
  const { selected, leftOut } = select(question);
  expect(selected).toEqual([]);
  expect(leftOut).toEqual([{ fingerprint: fingerprint("a"), subject: "CN=a", reason }]);
});

test("an approved list takes fingerprints as openssl prints them", () => {
  const colons = (fingerprint("a").toUpperCase().match(/../g) ?? []).join(":");
  expect(select({ windows: [root("a"), root("b")], approved: [colons] }).selected).toHaveLength(1);
  expect(select({ windows: [root("a")], approved: [] }).selected).toEqual([]);
});

test("a file that cannot be taken is a problem that names it", () => {
  const files = [{ path: "/team.pem", roots: [], problem: "does not exist" }];
  expect(select({ files }).problems).toEqual(["hostSync.roots.files: /team.pem does not exist"]);
});
