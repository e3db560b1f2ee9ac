/** A person's own Go settings, and Go outside containers. */
import { explainToolchain, goAdvice } from "../../domain/go-host/advice.ts";
import { type CheckDefinition, check, type Verdict } from "./check.ts";
import type { Patient } from "./patient.ts";

const UP = "./workstation up";

/** GOPRIVATE and the like are no secrets, but an address can hold one. */
const withoutPasswords = (text: string): string => text.replace(/(:\/\/)[^/@\s,|]*@/g, "$1***@");

const goEnv = check(
  "go-env",
  "Go settings that leave builds as they were chosen",
  "go env -u NAME",
  async ({ facts }) => {
    const { go, projects } = await facts();
    const advice = goAdvice(go, projects);
    if (advice.length === 0) {
      const set = Object.entries(go.settings ?? {}).map(([name, { value }]) => `${name}=${value}`);
      const found = set.length === 0 ? "none of one's own" : withoutPasswords(set.join(", "));
      const { toolchain } = go;
      return [
        "pass",
        toolchain === undefined ? found : `${found}; GOTOOLCHAIN=${toolchain}: ${explainToolchain(toolchain)}`,
      ];
    }
    const worst = advice.some(({ status }) => status === "fail") ? "fail" : "warn";
    const found = advice.map((one) => `${one.found}: ${one.why}`).join("; ");
    return [worst, found, [...new Set(advice.map(({ fix }) => fix))].join("; ")];
  },
);

const NOT_WANTED: Verdict = ["skip", "Go is not wanted outside containers (goToolchain.enabled)"];

const installed =
  (deep: boolean) =>
  async ({ plan, goFaults, facts }: Patient): Promise<Verdict> => {
    const planned = (await plan())?.machine.go;
    if (planned === undefined) return NOT_WANTED;
    const faults = await goFaults(planned, deep);
    if (faults.length > 0) return ["fail", faults.join("; ")];
    const { go } = await facts();
    const first = `${planned.folder}/go${planned.sdks[0]?.version}/bin/go`;
    const shell =
      go.path === "" || go.path === first ? "" : `; go of this shell: ${go.path}, until it reads ${planned.env.path}`;
    return ["pass", `${planned.sdks.map(({ version }) => version).join(", ")} in ${planned.folder}${shell}`];
  };

const goTools = check("go-tools", "Go and its tools as they were installed", UP, installed(false));

const goFiles = check("go-files", "every file of Go with the content that was installed", UP, installed(true));

export const goChecks: CheckDefinition[] = [goEnv, goTools];
export const deepGoChecks: CheckDefinition[] = [goFiles];
