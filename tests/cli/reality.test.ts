import { writeFileSync } from "node:fs";
import type { DockerApi } from "../../cli/docker.ts";
import type { StateResource } from "../../cli/engine/checkpoint.ts";
import { lookAtReality } from "../../cli/reality.ts";
import { managedFile } from "../../provider/resources/managed-file.ts";
import { type Scratch, scratch } from "../provider/scratch.ts";

let machine: Scratch;
beforeEach(() => {
  machine = scratch();
});
afterEach(() => machine.remove());

/** Stand-in for a daemon that has nothing. */
const standinDocker = { get: async () => undefined } as unknown as DockerApi;
const sealed = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };

async function drifted(inputs: object, outputs: object) {
  const resource = {
    urn: "urn:pulumi:t::p::workstation:index:ManagedFile::conf",
    type: "workstation:index:ManagedFile",
    custom: true,
    id: "/etc/conf",
    inputs,
    outputs,
  } as StateResource;
  const observer = { docker: standinDocker, host: async () => machine.host };
  const reality = await lookAtReality(observer, "t", { resources: [resource] });
  return reality.drifted.map(({ kind, fields }) => ({ kind, fields }));
}

const values = { a: { b: "one", token: "very-secret" } };
const news = { path: "/etc/conf", mode: "ini" as const, values };
const put = async () => (await managedFile.create(machine.host, news, () => {})).outputs;
const edit = (text: string) => writeFileSync(machine.real("/etc/conf"), text);

test("a file of which keys are ours: drift names them", async () => {
  const outputs = await put();
  expect(await drifted(news, outputs)).toEqual([]);
  edit("[a]\nb=two\ntoken=very-secret\nforeign=1\n");
  expect(await drifted(news, outputs)).toEqual([{ kind: "changed", fields: ["values.a.b"] }]);
});

test("with a secret among them, which is encrypted in the state: drift is seen all the same", async () => {
  const outputs = { ...(await put()), values: sealed, sha256: sealed };
  const inputs = { ...news, values: { a: { b: "one", token: sealed } } };
  expect(await drifted(inputs, outputs)).toEqual([]);
  edit("[a]\nb=one\ntoken=other\n");
  expect(await drifted(inputs, outputs)).toEqual([{ kind: "changed", fields: ["values"] }]);
  await machine.host.files.remove("/etc/conf");
  expect(await drifted(inputs, outputs)).toEqual([{ kind: "missing", fields: [] }]);
});

test("a whole file with a secret text is compared by the hash that is kept beside its original", async () => {
  const whole = { path: "/etc/conf", mode: "whole" as const, content: "very secret\n" };
  const { outputs } = await managedFile.create(machine.host, whole, () => {});
  const state = [
    { ...whole, content: sealed },
    { ...outputs, sha256: sealed },
  ] as const;
  expect(await drifted(...state)).toEqual([]);
  edit("other\n");
  expect(await drifted(...state)).toEqual([{ kind: "changed", fields: ["content"] }]);
});
