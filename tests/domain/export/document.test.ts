import { ExportError, type Payload, parseExport, renderExport, VERSION } from "../../../domain/export/document.ts";
import { contentHash } from "../../../domain/recipe-hash.ts";

const payload: Payload = {
  product: "0.1.0",
  versions: { node: "24.0.0", pulumi: "3.0.0", plugins: { docker: "5.2.0" }, go: ["1.22.6"], tools: {} },
  settings: { owner: "${user}", go: { versions: ["1.22.6"] } },
  parameters: [{ name: "user", description: "Your login name", usedBy: ["owner"] }],
  credentials: ["git.corp.example"],
};
const good = renderExport(payload);

const problem = (text: string): string => {
  try {
    parseExport(text, "team.json");
  } catch (error) {
    if (error instanceof ExportError) return error.message;
    throw error;
  }
  return "";
};

test("what was written is read, and has no date and one spelling", () => {
  expect(parseExport(good, "x").payload).toEqual(payload);
  expect(renderExport(JSON.parse(JSON.stringify(payload)) as Payload)).toBe(good);
  expect(good.endsWith("}\n")).toBe(true);
  expect(Object.keys(JSON.parse(good) as object)).toEqual(["format", "payload", "sha256", "version"]);
});

test("no byte can be changed, taken out or put in", () => {
  for (let at = 0; at < good.length; at++) {
    for (const changed of [
      good.slice(0, at) + String.fromCharCode(good.charCodeAt(at) ^ 1) + good.slice(at + 1),
      good.slice(0, at) + good.slice(at + 1),
      `${good.slice(0, at)} ${good.slice(at)}`,
      good.slice(0, at),
    ]) {
      if (changed === good) continue;
      expect([at, problem(changed)]).toEqual([at, expect.stringMatching(/^team\.json (is|was|has) /)]);
    }
  }
});

const edit = (change: (document: Record<string, unknown>) => void): string => {
  const document = JSON.parse(good) as Record<string, unknown>;
  change(document);
  return `${JSON.stringify(document, undefined, 2)}\n`;
};

test("each fault has its own message", () => {
  expect(problem("")).toContain("does not parse as JSON");
  expect(problem(good.slice(0, 200))).toContain("does not parse as JSON");
  expect(problem("[]")).toContain('"format" is not go-workstation-export');
  expect(problem("null")).toContain('"format" is not');
  expect(problem(edit((document) => Object.assign(document, { version: VERSION + 1, more: 1 })))).toBe(
    "team.json has version 2, and this checkout reads up to 1. Update the checkout (git pull) and run this again, or have the export made by a checkout like this one.",
  );
  expect(problem(edit((document) => Object.assign(document, { version: 0 })))).toContain("wrong at version");
  expect(problem(edit((document) => Object.assign(document.payload as object, { settings: {} })))).toContain(
    "its checksum does not fit its content",
  );
  expect(problem(edit((document) => Object.assign(document, { signature: "x" })))).toContain(
    '"signature" and "signer" belong',
  );
  expect(problem(good.replace(/\n {2,}/g, "\n"))).toContain("`export` does not write it so");
});

test("settings that name a parameter which is not there are refused, even by a right checksum", () => {
  const lacking = { ...payload, parameters: [] };
  expect(problem(renderExport(lacking))).toContain("no parameter user");
  expect(problem(renderExport({ ...payload, settings: { credentials: { "git.corp.example": "x" } } }))).toContain(
    "credentials, which no export has",
  );
  const broken = { ...payload, settings: { owner: "${" } };
  expect(problem(renderExport(broken))).toContain("owner cannot be read");
  expect(problem(renderExport({ ...payload, parameters: [...payload.parameters, ...payload.parameters] }))).toContain(
    "twice",
  );
});

test("text that would steer a terminal is no name", () => {
  const [parameter] = payload.parameters;
  const evil = { ...payload, parameters: [{ ...parameter, name: "user", description: "x\u001b[2J", usedBy: [] }] };
  expect(problem(renderExport(evil))).toContain("wrong at payload.parameters.0.description");
  expect(contentHash(evil)).toMatch(/^[0-9a-f]{64}$/);
});
