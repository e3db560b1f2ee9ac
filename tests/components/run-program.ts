/**
 * Runs index.ts as Node runs it, against the stand-in engine, and prints what it declared and put out. A process of its
 * own because jest's CommonJS cannot await at the top level, as index.ts does.
 */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Facts } from "../../domain/facts.ts";
import { settled, startStandInEngine } from "./mocks.ts";

const { facts, config } = JSON.parse(readFileSync(0, "utf8")) as { facts: Facts; config: Record<string, string> };
const engine = await startStandInEngine(facts, config);
const outputs = await settled(pulumi.output(await import("../../index.ts")));
console.log(JSON.stringify({ outputs, asked: engine.asked, declared: engine.declared }));
