/** Which distribution this is: packages of one are not for another. */
import { readFileSync } from "node:fs";
import { codeOf } from "../errors.ts";

/** Such as `debian 12`; empty where nothing says it. */
export function distribution(file = "/etc/os-release"): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
  const field = (name: string): string => new RegExp(`^${name}=["']?([^"'\\n]*)["']?$`, "m").exec(text)?.[1] ?? "";
  return `${field("ID")} ${field("VERSION_ID")}`.trim();
}
