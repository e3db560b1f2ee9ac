import { changedParts } from "../../../domain/evidence/judge.ts";
import type { Payload } from "../../../domain/evidence/schema.ts";
import { failures, payloadOf } from "./records.ts";

const parts = Object.keys(payloadOf().sums) as (keyof Payload["sums"])[];

test.each(parts)("%s that was edited is named by its sum", (name) => {
  const payload = structuredClone(payloadOf());
  payload[name].from = "somewhere else";
  expect(changedParts(payload)).toEqual([name]);
  expect(failures(payload)).toEqual([`${name} whole: its sum does not match: it was changed`]);
});

test.each([[null], [[]], ["text"], [{}]])("%j is no evidence, and every part is named", (payload) => {
  const found = failures(payload);
  for (const name of parts) expect(found).toContain(`${name} whole: is missing`);
});
