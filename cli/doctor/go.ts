/** A person's own Go settings, and Go outside containers. */
import { goAdvice } from "../../domain/go-host/advice.ts";
import { type CheckDefinition, check } from "./check.ts";

const goEnv = check(
  "go-env",
  "Go settings that leave builds as they were chosen",
  "go env -u NAME",
  async ({ facts }) => {
    const { go } = await facts();
    const advice = goAdvice(go);
    if (advice.length === 0) {
      const set = Object.entries(go.settings ?? {}).map(([name, { value }]) => `${name}=${value}`);
      return ["pass", set.length === 0 ? "none of one's own" : set.join(", ")];
    }
    const worst = advice.some(({ status }) => status === "fail") ? "fail" : "warn";
    const found = advice.map((one) => `${one.found}: ${one.why}`).join("; ");
    return [worst, found, [...new Set(advice.map(({ fix }) => fix))].join("; ")];
  },
);

const goTools = check(
  "go-tools",
  "Go and its tools as they were installed",
  "./workstation up",
  async ({ plan, read }) => {
    const planned = (await plan())?.machine.go;
    if (planned === undefined) return ["skip", "Go is not wanted outside containers (goToolchain.enabled)"];
    const missing = planned.sdks.flatMap(({ version, tools }) => [
      ...(read(`${planned.folder}/go${version}/VERSION`) === undefined ? [`go${version}`] : []),
      ...tools
        .filter(({ binary }) => read(`${planned.folder}/go${version}-tools/bin/${binary}`) === undefined)
        .map(({ binary }) => `${binary} for go${version}`),
    ]);
    if (missing.length > 0) return ["fail", `not there: ${missing.join(", ")}`];
    return ["pass", `${planned.sdks.map(({ version }) => version).join(", ")} in ${planned.folder}`];
  },
);

export const goChecks: CheckDefinition[] = [goEnv, goTools];
