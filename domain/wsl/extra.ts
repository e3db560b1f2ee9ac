/** Keys without a setting of their own, checked against the table of documented settings. */
import { nearest } from "../../config/nearest.ts";
import type { WslSettings } from "../../config/wsl.ts";
import { elsewhere, FILE_NAME, findKey, keysOf, sections, type WslFile, type WslKey } from "./table.ts";

type Value = string | number | boolean;

/** One message for each key that must not be written. */
export function extraProblems(extra: WslSettings["extra"]): string[] {
  return (["wslconfig", "wslConf"] as const).flatMap((file) =>
    Object.entries(extra[file]).flatMap(([section, keys]) =>
      Object.entries(keys).flatMap(([key, value]) => {
        const problem = keyProblem(file, section, key, value);
        return problem === undefined ? [] : [`wsl.extra.${file}.${section}.${key}: ${problem}`];
      }),
    ),
  );
}

function keyProblem(file: WslFile, section: string, key: string, value: Value): string | undefined {
  const entry = findKey(file, section, key);
  if (entry === undefined) return unknownKey(file, section, key);
  if (entry.refused !== undefined) return `cannot be set here: ${entry.refused}.`;
  if (entry.setting !== undefined) return `has a setting of its own: write it as wsl.${entry.setting}.`;
  if (entry.key !== key || entry.section !== section) return `is spelled [${entry.section}] ${entry.key}.`;
  const allowed = valueProblem(entry, value);
  return allowed === undefined ? undefined : `${JSON.stringify(value)} is not allowed: must be ${allowed}.`;
}

function unknownKey(file: WslFile, section: string, key: string): string {
  if (key.toLowerCase() === "crossdistro") {
    return "belongs to no documented section: an early preview had it, today's WSL warns that the key is unknown. What distributions share stands in /mnt/wsl without any setting.";
  }
  const others = elsewhere(file, section, key);
  const moved = others.find(({ movedFrom }) => movedFrom === section.toLowerCase());
  if (moved?.setting !== undefined)
    return `has left [${section}] for [${moved.section}]: write it as wsl.${moved.setting}.`;
  const [other] = others;
  if (other !== undefined) return `belongs into [${other.section}] of ${FILE_NAME[file]}, not into [${section}].`;
  const [wrongFile] = elsewhere(file === "wslconfig" ? "wslConf" : "wslconfig", "", key);
  if (wrongFile !== undefined) {
    return `belongs into [${wrongFile.section}] of ${FILE_NAME[file === "wslconfig" ? "wslConf" : "wslconfig"]}, not into ${FILE_NAME[file]}.`;
  }
  const known = keysOf(file, section);
  if (known.length === 0) {
    const names = sections(file);
    return `[${section}] is no documented section of ${FILE_NAME[file]}.${hint(nearest(section, names))} Documented: ${names.join(", ")}.`;
  }
  return `is no documented key of [${section}] in ${FILE_NAME[file]}.${hint(nearest(key, known))} Documented there: ${known.join(", ")}.`;
}

const hint = (near: string | undefined): string => (near === undefined ? "" : ` Did you mean "${near}"?`);

/** What the value must be, if it is not that. */
function valueProblem({ type, values = [] }: WslKey, value: Value): string | undefined {
  const text = String(value);
  switch (type) {
    case "boolean":
      return typeof value === "boolean" ? undefined : "true or false";
    case "integer":
      return Number.isInteger(value) && Number(value) >= 0 ? undefined : "a whole number";
    case "size":
      return /^\d+((M|G|T)B)?$/.test(text) ? undefined : "a whole number of bytes, or one followed by MB, GB or TB";
    case "path":
      return /^[A-Za-z]:[\\/]/.test(text) ? undefined : "a Windows path such as C:\\wsl\\kernel";
    case "enum":
      return values.includes(text) ? undefined : `one of ${values.join(", ")}`;
    default:
      return undefined;
  }
}
