import { PassThrough } from "node:stream";
import { type Asker, gatherAnswers, givenAnswers, knownAnswers, terminalAsker } from "../../../cli/export/answers.ts";
import { shown } from "../../../cli/export/show.ts";
import type { Parameter } from "../../../domain/export/make.ts";

const parameter = (name: string, extra: Partial<Parameter> = {}): Parameter => ({
  name,
  description: `what ${name} is`,
  usedBy: [],
  ...extra,
});
const home = parameter("home");
const shop = parameter("path.shop");
const token = parameter("secret.TOKEN", { secret: true });
const pin = parameter("secret.PIN", { secret: true, type: "number" });

const known = knownAnswers({ root: "/c", home: "/home/bob", user: "bob", hostname: "h", name: "", email: "" });

/** A person who gives these answers, one a question. */
function person(answers: string[]): Asker & { asked: string[] } {
  const asked: string[] = [];
  const next = async (question: string): Promise<string> => {
    asked.push(question);
    return answers.shift() ?? "";
  };
  return { asked, ask: next, askSecret: next };
}

test("what is known is not asked; what does not fit is asked again; an empty secret is left out", async () => {
  const bob = person(["", "data/shop", "/data/shop", "", "x1", "12"]);
  const answers = await gatherAnswers([home, shop, token, pin], new Map(), known, bob);
  expect([...answers]).toEqual([
    ["home", "/home/bob"],
    ["path.shop", "/data/shop"],
    ["secret.TOKEN", undefined],
    ["secret.PIN", "12"],
  ]);
  expect(bob.asked).toEqual([
    "path.shop - what path.shop is: ",
    "path.shop: must not be empty.\npath.shop - what path.shop is: ",
    "path.shop: must be an absolute path, or begin with ~/.\npath.shop - what path.shop is: ",
    "secret.TOKEN - what secret.TOKEN is (nothing is shown; empty leaves it out): ",
    "secret.PIN - what secret.PIN is (nothing is shown; empty leaves it out): ",
    "secret.PIN: must be a number.\nsecret.PIN - what secret.PIN is (nothing is shown; empty leaves it out): ",
  ]);
});

test("what was passed is neither asked nor looked up", async () => {
  const { answers, warnings } = givenAnswers([home, shop, token], {
    set: ["home=/home/ada", "path.shop=~/a=b", "secret.TOKEN="],
    setFile: [],
  });
  expect(warnings).toEqual([]);
  expect([...(await gatherAnswers([home, shop, token], answers, known, undefined))]).toEqual([
    ["home", "/home/ada"],
    ["path.shop", "~/a=b"],
    ["secret.TOKEN", undefined],
  ]);
});

test("without a terminal all that is open is in one error, and a known name is never a secret's", async () => {
  const odd = parameter("user", { secret: true });
  await expect(gatherAnswers([home, shop, odd], new Map(), known, undefined)).rejects.toThrow(
    /--set path\.shop=VALUE {3}what path\.shop is\n {2}--set-file user=FILE/,
  );
});

test.each([
  [["x=1"], "--set x: the export has no such parameter. It has: home, path.shop, secret.TOKEN."],
  [["hunter22"], "--set: must be NAME=VALUE."],
  [["path.shop=shop"], "--set path.shop: must be an absolute path, or begin with ~/."],
  [["path.shop=/a", "path.shop=/b"], "--set path.shop: is given twice."],
])("%j is refused", (set, message) => {
  expect(() => givenAnswers([home, shop, token], { set, setFile: [] })).toThrow(message);
});

test("at a terminal an answer is a line, and a secret does not appear", async () => {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const output = new PassThrough();
  const asker = terminalAsker(input, output);
  if (asker === undefined) throw new Error("there is a terminal");
  const line = asker.ask("Where? ");
  input.write("/data/shop\n");
  expect(await line).toBe("/data/shop");
  const secret = asker.askSecret("Token: ");
  input.write("hunter22\r");
  expect(await secret).toBe("hunter22");
  expect(String(output.read())).not.toContain("hunter22");
  expect(terminalAsker(new PassThrough(), output)).toBeUndefined();
});

test("values are shown so that they cannot steer a terminal, and long ones say that they are cut", () => {
  expect(shown("a\u001b[2Jb\u009b1\u202e")).toBe('"a\\u001b[2Jb\\u009b1\\u202e"');
  expect(shown("x".repeat(500))).toMatch(/^x{400}\.\.\. \(500 characters\)$/);
  expect([shown("https://a/b"), shown("a b\nc"), shown(4), shown(true)]).toEqual([
    "https://a/b",
    '"a b\\nc"',
    "4",
    "true",
  ]);
});
