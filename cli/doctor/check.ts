/** What a check is. Apart from the checks, so that those of one subject can have a file of their own. */
import type { Patient } from "./patient.ts";

export interface Check {
  id: string;
  status: "pass" | "warn" | "fail" | "skip";
  found: string;
  wanted: string;
  fix: string;
}

export type Finding = Omit<Check, "id">;

export interface CheckDefinition<P = Patient> {
  id: string;
  wanted: string;
  fix: string;
  look: (patient: P) => Promise<Finding> | Finding;
}

export type Verdict = [Check["status"], string] | [Check["status"], string, string];

/** `judge` answers with a status, what was found, and a better fix than the usual one. */
export function check(
  id: string,
  wanted: string,
  fix: string,
  judge: (patient: Patient) => Promise<Verdict> | Verdict,
): CheckDefinition {
  const look = async (patient: Patient): Promise<Finding> => {
    const [status, found, better] = await judge(patient);
    return { status, found, wanted, fix: better ?? fix };
  };
  return { id, wanted, fix, look };
}
