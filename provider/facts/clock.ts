/** How far this system's clock is off. */
import type { ClockFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";

export async function clockFacts(_host: Host): Promise<ClockFacts> {
  return { offsetSeconds: 0, source: "" };
}
