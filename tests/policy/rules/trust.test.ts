import { approvedRoots } from "../../../policy/rules/trust.ts";

/** The armour alone counts: the rule looks at bytes, not at what they mean. */
const pem = (text: string): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString("base64")}\n-----END CERTIFICATE-----\n`;
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const colons = (ABC.toUpperCase().match(/../g) ?? []).join(":");
const judge = (certificates: string[], approved: string[]) =>
  approvedRoots(approved)
    .judge("workstation:index:TrustAnchors", { certificates, owner: "me" })
    .map(({ message }) => message);

test.each<[string, string[], string[], string[]]>([
  ["a root on the list", [pem("abc")], [ABC], []],
  ["a list as openssl prints it", [pem("abc")], [colons], []],
  ["no list", [pem("abc")], [], []],
  ["a root that is not on it", [pem("abc"), pem("other")], [ABC], [expect.stringMatching(/^root [0-9a-f]{64} is not/)]],
  ["two in one text", [pem("abc") + pem("abc")], ["00".repeat(32)], Array(2).fill(`root ${ABC} is not on the list`)],
])("%s", (_name, certificates, approved, says) => expect(judge(certificates, approved)).toEqual(says));
