import { judgeClock } from "../../../domain/time/clock.ts";

test.each<[number, string, object]>([
  [0, "rtc", { do: "nothing" }],
  [2, "rtc", { do: "nothing", because: "2.0 s ahead of the hardware clock" }],
  [-2, "windows", { do: "nothing", because: "2.0 s behind Windows" }],
  [2.1, "windows", { do: "step", direction: "back", seconds: 2.1 }],
  [-28_800, "windows", { do: "step", direction: "forward", seconds: 28_800, because: "28800.0 s behind Windows" }],
  [99, "", { do: "nothing", because: "there is no clock to compare with" }],
])("%d s ahead of %j", (offsetSeconds, source, expected) =>
  expect(judgeClock({ offsetSeconds, source })).toMatchObject(expected),
);

test("the limit can be another", () => expect(judgeClock({ offsetSeconds: 3, source: "rtc" }, 5).do).toBe("nothing"));
