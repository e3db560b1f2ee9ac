import { summarize } from "../../../domain/drift/summary.ts";

test("entries and fields come in a fixed order, fields once", () => {
  const entry = { type: "t", name: "n", kind: "changed" as const };
  expect(
    summarize(3, [
      { ...entry, urn: "b", fields: ["memory", "image", "memory"] },
      { ...entry, urn: "a", kind: "missing", fields: [] },
    ]),
  ).toEqual({
    checked: 3,
    drifted: [
      { ...entry, urn: "a", kind: "missing", fields: [] },
      { ...entry, urn: "b", fields: ["image", "memory"] },
    ],
  });
});
