import { decode, encode, redact, withUnknowns } from "../../provider/wire-values.ts";

const key = "4dabf18193072939515e22adb298388d";
const secret = (value: never | string | object) => ({ [key]: "1b47061264138c4ac30d75fd1eb44270", value }) as never;
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

test("secrets are plain inside and secret again outside", () => {
  const raw = { password: secret("hunter22"), list: [1, secret("nested-one")], open: "x" };
  const decoded = decode(raw);
  expect(decoded.values).toEqual({ password: "hunter22", list: [1, "nested-one"], open: "x" });
  expect([...decoded.secret]).toEqual(["password", "list"]);
  expect(encode({ ...decoded.values, other: true }, decoded.secret)).toEqual({
    password: secret("hunter22"),
    list: secret([1, "nested-one"]),
    open: "x",
    other: true,
  });
});

test("what is unknown is named, kept from the handler, and goes back as it came", () => {
  const raw = { content: unknown, recipe: { layers: [{ version: secret(unknown) }] }, path: "/x" };
  const decoded = decode(raw);
  expect(decoded.values).toEqual({ path: "/x" });
  expect([...decoded.unknown]).toEqual(["content", "recipe"]);
  expect(withUnknowns(encode(decoded.values, decoded.secret), decoded)).toEqual(raw);
});

test("output values are taken apart", () => {
  const output = (more: object) => ({ [key]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", ...more }) as never;
  const decoded = decode({
    a: output({ value: 1, secret: true }),
    b: output({ dependencies: [] }),
    c: output({ value: "v" }),
  });
  expect(decoded.values).toEqual({ a: 1, c: "v" });
  expect([...decoded.secret]).toEqual(["a"]);
  expect([...decoded.unknown]).toEqual(["b"]);
});

test.each([
  ["5cf8f73096256a8f31e491e813e4eb8e", "resource"],
  ["c44067f5952c0a294b673a41bacd8c17", "asset"],
  ["0def7320c3a5731c473e5ecbe6d01bc7", "archive"],
  ["ffff", "does not know"],
])("signature %s is refused by name", (signature, word) => {
  expect(() => decode({ files: [{ [key]: signature }] })).toThrow(new RegExp(`files\\[0\\] is .*${word}`));
});

test("what has no value stays off the wire", () => {
  expect(encode({ a: undefined, b: { c: undefined, d: null }, e: [undefined] }, new Set())).toEqual({
    b: { d: null },
    e: [null],
  });
});

test("messages lose secret texts, quoted or not, the longest first", () => {
  const { secretTexts } = decode({
    a: secret("line one long\nline two long"),
    b: secret('with "quotes"'),
    c: secret("line one long and more"),
  });
  const message = `is "with \\"quotes\\"" and line one long and more, then line two long`;
  expect(redact(message, secretTexts)).toBe('is "[secret]" and [secret], then [secret]');
});
