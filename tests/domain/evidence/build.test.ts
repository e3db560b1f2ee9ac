import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { canonicalJson } from "../../../domain/recipe-hash.ts";
import { CANARIES, failures, IMAGE_ID, notes, payloadOf, records } from "./records.ts";

test("what was recorded holds, and is named by what it was taken from", () => {
  const payload = payloadOf();
  expect(failures(payload)).toEqual([]);
  expect(notes(payload)).toEqual([]);
  expect(payload.resources.list.map(({ name }) => name).sort()).toEqual(
    expect.arrayContaining(["dev-image", "hello-file", "mesh-ca-container"]),
  );
  expect(payload.certificates.authorities).toMatchObject([
    {
      container: "gows-ada-mesh-ca",
      problem: null,
      algorithm: "sm2",
      sha256: "449cfe23e155efbf4392b1d32d133f081b572b01e94c479061cb2e16dceec2d2",
      leaves: [{ name: "goproxy", lifetime: "24h0m0s" }, { name: "hello" }],
    },
  ]);
  for (const { from } of [payload.versions, payload.policy, payload.sbom, payload.links]) expect(from).not.toBe("");
});

test("the same records give the same text, in whatever order Docker and dpkg answered", () => {
  const [head = "", packages = ""] = records.installed.split(/(?<=^--\n)/m);
  const reversed = `${head}${packages.trimEnd().split("\n").reverse().join("\n")}\n`;
  const other = payloadOf({ resources: [...records.resources].reverse(), installed: reversed });
  expect(canonicalJson(other)).toBe(canonicalJson(payloadOf()));
});

test("the SBOM is what CycloneDX's own schema takes, and has what is in the image", () => {
  const { document } = payloadOf().sbom;
  const schema = (name: string): object => {
    const path = require
      .resolve("@cyclonedx/cyclonedx-library/package.json")
      .replace("package.json", `res/schema/${name}`);
    return JSON.parse(readFileSync(path, "utf8")) as object;
  };
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ["spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"]) {
    const { $id: _id, ...rest } = schema(name) as { $id?: string };
    ajv.addSchema(rest, `http://cyclonedx.org/schema/${name}`);
  }
  const validate = ajv.compile(schema("bom-1.6.SNAPSHOT.schema.json"));
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  const components = document.components as { purl: string; cpe?: string }[];
  const purls = components.map(({ purl }) => purl);
  expect(purls).toEqual(
    expect.arrayContaining([
      "pkg:golang/golang.org/x/tools/gopls@v0.16.2",
      "pkg:golang/stdlib@1.22.6",
      "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=bookworm&upstream=gcc-12%4012.2.0-14%2Bdeb12u1",
    ]),
  );
  expect(document).not.toHaveProperty("serialNumber");
  expect(document).toMatchObject({
    metadata: { component: { hashes: [{ alg: "SHA-256", content: IMAGE_ID.slice(7) }] } },
  });
});

test("a package that was removed and left its settings is not in the image", () => {
  const installed = `${records.installed}config-files\tgone\t1.0\tall\tgone\t1.0\n`;
  expect(JSON.stringify(payloadOf({ installed }).sbom)).not.toContain("gone");
});

test.each([
  ["a stopped container", { code: 1, stdout: "", stderr: "Error: container is not running\n" }, /not running/],
  ["another program", { code: 0, stdout: "null", stderr: "" }, /form that is not known/],
  ["no JSON", { code: 0, stdout: "hello", stderr: "" }, /something else than JSON/],
])("%s is an authority with a problem, and not one that is left out", (_, printed, problem) => {
  const payload = payloadOf({ authorities: [{ container: "gows-ada-mesh-ca", printed }] });
  expect(payload.certificates.authorities[0]?.problem).toMatch(problem);
  expect(failures(payload).join()).toMatch(/certificates authorities: gows-ada-mesh-ca: /);
});

describe("personal values and secrets", () => {
  const { user, home, root, host, project, password } = CANARIES;
  const stack = user;
  const text = JSON.stringify(
    payloadOf({
      stack,
      personal: { ...records.personal, places: [{ path: project, as: "PROJECT-shop" }] },
      resources: JSON.parse(JSON.stringify(records.resources).replaceAll("ada", stack)),
      policy: {
        ...records.policy,
        report: {
          ...records.policy.report,
          counts: { mandatory: 1, advisory: 0, exempted: 0 },
          findings: [
            {
              rule: "file-modes",
              level: "mandatory",
              kind: "violation",
              message: `${home}/.ssh, ${root}/x, ${root}, ${project}/y and https://${user}:${password}@example.com on ${host}`,
            },
          ],
        },
        exemptions: [
          {
            rule: "a",
            resource: `gows-${stack}-*`,
            owner: `${user}@${host}.example.com`,
            reason: "r",
            until: "2027-01-01",
          },
        ],
      },
      drift: {
        checked: 1,
        drifted: [{ urn: `urn:pulumi:${stack}::x`, type: "t", name: stack, kind: "changed", fields: [`${home}/y`] }],
      },
    }),
  );

  test.each(Object.entries(CANARIES))("%s is nowhere", (_, canary) => {
    expect(text).not.toContain(canary);
  });

  test("places stay readable", () => {
    expect(text).toContain("~/.ssh, x, ., PROJECT-shop/y and https://[secret]@example.com on host");
    expect(text).toContain("gows-user-*");
  });
});

test("two machines with the same declaration have the same sums", () => {
  const there = JSON.parse(JSON.stringify(records.resources).replaceAll(CANARIES.home, "/home/bob"));
  const other = payloadOf({ resources: there, personal: { ...records.personal, home: "/home/bob", users: ["bob"] } });
  expect(other.resources).toEqual(payloadOf().resources);
});

test("sums know nothing of secrets: encrypted anew, they are the same", () => {
  const anew = JSON.parse(JSON.stringify(records.resources).replaceAll(CANARIES.secret, "v1:OTHER"));
  expect(payloadOf({ resources: anew }).resources).toEqual(payloadOf().resources);
});
