import { isPath, namesCredential, shapeOf } from "../../domain/credentials.ts";

test.each(["TOKEN", "db.password", "API_KEY", "x-access-key", "credential"])("%s names a credential", (name) => {
  expect(namesCredential(name)).toBe(true);
});

test.each(["TOKEN_FILE", "KEY", "accessKeyId", "GOPROXY"])("%s does not", (name) => {
  expect(namesCredential(name)).toBe(false);
});

test.each([
  ["https://u:p@host", "a URL with a password"],
  ["-----BEGIN RSA PRIVATE KEY-----", "a private key"],
  [`x ghp_${"a".repeat(36)}`, "an access token"],
  [`AKIA${"A".repeat(16)}`, "an access token"],
  ["Authorization: Bearer x", "an Authorization header"],
  ["machine h login u password p", "a line of a netrc file"],
  ["https://host:80/x@v1", undefined],
  ["ghp_short", undefined],
])("%s is %s", (text, shape) => {
  expect(shapeOf(text)).toBe(shape);
});

test("a place is a path, and nothing else is", () => {
  expect(["/run/secrets/token", "/a/", "/", "a/b", "/a b"].map(isPath)).toEqual([true, true, false, false, false]);
});
