/** An engine stand-in that records what components declare, and answers the provider's `facts` invoke. */
import * as pulumi from "@pulumi/pulumi";
import type { Facts } from "../../domain/facts.ts";

export interface Declared {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

export interface StandInEngine {
  /** In the order of declaration, components included. */
  declared: Declared[];
  /** Arguments of each `facts` invoke. */
  asked: unknown[];
  only(type: string): Declared[];
}

export async function startStandInEngine(
  facts: Facts | undefined,
  config: Record<string, string> = {},
  stack = "dev",
): Promise<StandInEngine> {
  const declared: Declared[] = [];
  const asked: unknown[] = [];
  for (const [key, value] of Object.entries(config)) pulumi.runtime.setConfig(key, value);
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        declared.push({ type, name, inputs: inputs as Record<string, unknown> });
        return { id: `id-of-${name}`, state: { ...(inputs as object), ...outputsOf(type, name) } };
      },
      call({ token, inputs }) {
        if (token !== "workstation:index:facts" || facts === undefined) throw new Error(`nobody answers ${token}`);
        asked.push(inputs);
        return facts;
      },
    },
    "go-workstation",
    stack,
    false,
  );
  return { declared, asked, only: (type) => declared.filter((entry) => entry.type === type) };
}

function outputsOf(type: string, name: string): object {
  if (type === "workstation:index:LocalImage") {
    return { reference: `${name}:tag`, imageId: `sha256:${name}`, size: 5 };
  }
  return type === "command:local:Command" ? { stdout: "go version go1.22.6" } : {};
}

/** The value of an output, once it is there. */
export const settled = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => {
    output.apply(resolve);
  });
