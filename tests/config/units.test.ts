import { toBytes, toCpus, toMiB } from "../../config/units.ts";

test.each([
  ["4GiB", 4294967296, 4096],
  ["512MiB", 536870912, 512],
  ["65536KiB", 67108864, 64],
])("%s is %i bytes, %i MiB", (size, bytes, mebi) => {
  expect(toBytes(size)).toBe(bytes);
  expect(toMiB(size)).toBe(mebi);
});

test("what is no size is said", () => expect(() => toBytes("4GB")).toThrow('"4GB" is not a size'));

// The right-hand side is what terraform-provider-docker prints after a refresh.
test.each([
  [2, "2.0"],
  [1.5, "1.5"],
  [0.5, "0.5"],
  [10, "10."],
  [1.25, "1.25"],
  [16, "16.0"],
])("%d cores are written %s", (cores, text) => expect(toCpus(cores)).toBe(text));
