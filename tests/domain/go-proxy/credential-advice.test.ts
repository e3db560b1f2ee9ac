import { credentialAdvice } from "../../../domain/go-proxy/credential-advice.ts";

const hosts = [{ host: "git.a" }, { host: "git.b:22" }].map((one) => ({ ...one, protocol: "https" as const }));

test.each([
  ["local", ["git.a", "git.b:22"], []],
  ["local", ["git.a"], [/^git\.b:22 is in goProxy.private and has no credential: .*credential set git\.b:22/]],
  ["local", ["git.a", "git.b:22", "git.b", "s3"], [/^git\.b: no setting uses/, /^s3: no setting uses/]],
  ["shared", ["git.a", "git.b:22", "s3", "redis"], []],
] as const)("mode %s, credentials of %j", (mode, there, expected) => {
  expect(credentialAdvice({ mode, private: hosts }, there)).toEqual(expected.map((one) => expect.stringMatching(one)));
});
