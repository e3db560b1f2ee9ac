import { answerText, BEGIN, END, parseAnswer, readAnswer, readClock } from "../../../domain/windows/answer.ts";
import { readOids } from "../../../domain/windows/certificates.ts";
import {
  answerJson,
  type CertificateWish,
  certificates,
  rootEntry,
  thumbprintOf,
} from "../../standins/windows/answers.ts";

const now = new Date("2026-11-24T12:00:00Z");
const question = { automountRoot: "/mnt/", now };
const framed = (json: string): string => `${BEGIN}\n${json}\n${END}\n`;
const SERVER_AUTH = "MAoGCCsGAQUFBwMB";
const CLIENT_AUTH = "MAoGCCsGAQUFBwMC";
const NOTHING = "MAA=";
/** 100 ns steps since 1601, little-endian. */
const fileTime = (date: string): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE((BigInt(Date.parse(date)) + 11_644_473_600_000n) * 10_000n);
  return bytes.toString("base64");
};

describe("a store of 220 certificates", () => {
  let pems: string[];
  beforeAll(async () => {
    const odd: CertificateWish[] = [
      { name: "expired", expired: true },
      { name: "client", usage: ["clientAuth"] },
      { name: "server", usage: ["serverAuth", "clientAuth"] },
      { name: "any", usage: ["2.5.29.37.0"] },
      { name: "中文根证书" },
    ];
    const plain = Array.from({ length: 215 }, (_, index) => ({ name: `Root ${index}` }));
    pems = await certificates([...odd, ...plain]);
  }, 120_000);

  const at = (index: number): string => pems[index] as string;
  const read = (roots: unknown[], more: object = {}) =>
    readAnswer(framed(answerJson({ roots: roots as never, ...more })), question);

  test("is read whole, each once, in the order told", () => {
    const entries = pems.map((pem) => rootEntry(pem));
    const { roots, unreadable } = read([...entries, entries[7], entries[9]]);
    expect(roots).toHaveLength(220);
    expect(unreadable).toBeUndefined();
    expect(new Set(roots.map(({ fingerprint }) => fingerprint)).size).toBe(220);
    expect(roots.map(({ pem }) => pem.trim())).toEqual(pems.map((pem) => pem.trim()));
    expect(roots[0]).toMatchObject({ subject: "O=Stand-in, CN=expired", notAfter: "2021-01-01T00:00:00.000Z" });
    expect(roots.map(({ serverAuth }) => serverAuth)).toEqual([true, false, ...Array(218).fill(true)]);
  });

  test.each([
    ["nothing taken", {}, true],
    ["left: server", { purposes: [SERVER_AUTH] }, true],
    ["left: client only", { purposes: [CLIENT_AUTH] }, false],
    ["left: nothing at all", { purposes: [NOTHING] }, false],
    ["one store restricts, another does not", { purposes: [SERVER_AUTH, CLIENT_AUTH] }, false],
    ["a list of one, unwrapped by ConvertTo-Json", { purposes: CLIENT_AUTH }, false],
    ["taken: server", { disallowedPurposes: [SERVER_AUTH] }, false],
    ["taken: client", { disallowedPurposes: [CLIENT_AUTH] }, true],
    ["distrusted since last year", { disallowedSince: [fileTime("2025-01-01T00:00:00Z")] }, false],
    ["distrusted from next year", { disallowedSince: [fileTime("2027-01-01T00:00:00Z")] }, true],
    ["a date that is none", { disallowedSince: ["AAAA"] }, true],
  ])("what Windows keeps beside the certificate: %s", (_, properties, serverAuth) => {
    expect(read([rootEntry(at(10), properties)]).roots.map((root) => root.serverAuth)).toEqual([serverAuth]);
  });

  test("the stricter of two copies counts", () => {
    const copies = [rootEntry(at(10)), rootEntry(at(10), { purposes: [CLIENT_AUTH] }), rootEntry(at(10))];
    expect(read(copies).roots.map(({ serverAuth }) => serverAuth)).toEqual([false]);
  });

  test("the Disallowed store names certificates by thumbprint, in any case", () => {
    const disallowed = [thumbprintOf(at(5)).toLowerCase(), "00"];
    const { roots } = read([rootEntry(at(5)), rootEntry(at(6))], { disallowed });
    expect(roots.map((root) => root.disallowed)).toEqual([true, false]);
  });

  test("one that cannot be read is left out with a reason; the others stay", () => {
    const good = rootEntry(at(5));
    const bytes = Buffer.from(good.raw as string, "base64");
    const { roots, unreadable } = read([
      { thumbprint: "AB", raw: "%%%" },
      { thumbprint: "CD", raw: bytes.subarray(0, 100).toString("base64") },
      { thumbprint: "EF", raw: Buffer.concat([bytes, Buffer.from("x")]).toString("base64") },
      "text",
      { thumbprint: "GH" },
      good,
    ]);
    expect(roots).toHaveLength(1);
    expect(unreadable).toEqual([
      "certificate AB: its bytes are not base64",
      "certificate CD: its 100 bytes are not a certificate",
      "certificate EF: has bytes behind its end",
      "certificate number 4: is not described",
      "certificate GH: its bytes are not base64",
    ]);
  });

  test("a single root, which ConvertTo-Json may write without its list", () => {
    expect(read(rootEntry(at(5)) as never).roots).toHaveLength(1);
  });
});

test("fields of the wrong type are as good as missing", () => {
  const odd = { version: 1, roots: null, disallowed: {}, timezone: 5, profile: null, proxy: [], policy: "x" };
  expect(readAnswer(framed(JSON.stringify(odd)), question)).toEqual({
    reachable: true,
    error: "",
    policy: {},
    profile: "",
    roots: [],
    timezone: "",
    proxy: { http: "", https: "", bypass: "", pac: "" },
  });
});

test("profile, zone and policies", () => {
  const wish = { timezone: " W. Europe Standard Time ", profile: "D:\\Users\\Zoë", policy: { B: "1", A: "0" } };
  const windows = readAnswer(framed(answerJson(wish)), { automountRoot: "/win/", now });
  expect(windows).toMatchObject({ timezone: "W. Europe Standard Time", profile: "/win/d/Users/Zoë", build: 22631 });
  expect(Object.entries(windows.policy ?? {})).toEqual([
    ["A", "0"],
    ["B", "1"],
  ]);
});

test("the answer is found between whatever else is printed", () => {
  const json = '{"a":"b"}';
  expect(parseAnswer(`\ufeffHallo {"x":1}\r\n${BEGIN}\r\n${json}\r\n${END}\r\nbye`)).toEqual({ a: "b" });
  // The script itself may be echoed before it runs: the last answer counts.
  expect(parseAnswer(`PS> Write '${BEGIN}' '${END}'\n${framed(json)}`)).toEqual({ a: "b" });
  // A console that breaks lines at 80 columns.
  expect(parseAnswer(framed('{"a":\r\n"b"}'))).toEqual({ a: "b" });
  expect(answerText(framed("x")).trim()).toBe("x");
});

test.each([
  ["", "ended without an answer; it printed nothing"],
  ["Zugriff verweigert\r\n", 'ended without an answer; it printed "Zugriff verweigert"'],
  [`${BEGIN}\n{"a":`, "ended in the middle of its answer"],
  [framed("{not json}"), "something that is not JSON"],
  [framed("[]"), "something else than an object"],
  [framed('{"error":"ConstrainedLanguage"}'), "cannot answer: ConstrainedLanguage"],
])("no answer in %j is an error that says so", (output, message) => {
  expect(() => parseAnswer(output)).toThrow(message);
});

test("the clock", () => {
  expect(readClock(framed('{"utc":"2026-11-24T12:00:00.1234567Z"}'))).toBe(Date.parse("2026-11-24T12:00:00.123Z"));
  expect(() => readClock(framed("{}"))).toThrow("did not tell the time");
});

test("object identifiers of a DER sequence", () => {
  expect(readOids(SERVER_AUTH)).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(readOids(Buffer.from("300c06042a0304050604551d2500", "hex").toString("base64"))).toEqual([
    "1.2.3.4.5",
    "2.5.29.37.0",
  ]);
  for (const broken of ["", "AAAA", "MAoGCCsGAQ==", "MP8="]) expect(readOids(broken)).toEqual([]);
});
