/** Takes out of evidence what belongs to a person or to one machine. */

export interface Personal {
  /** The checkout, absolute: paths below it become relative. */
  root: string;
  /** Paths below it begin with `~`. */
  home: string;
  /** Names of the person, such as the login, and the stack name made of it. */
  users: readonly string[];
  hosts: readonly string[];
  /** More absolute paths, and what stands in their place. */
  places: readonly { path: string; as: string }[];
}

/** Nobody's own: taking these out would take apart words that everybody uses. */
export const COMMON: ReadonlySet<string> = new Set(
  "root user dev admin host localhost localdomain workstation docker ubuntu debian node go vscode runner build test main".split(
    " ",
  ),
);

export type Clean = (text: string) => string;

export function cleaner({ root, home, users, hosts, places }: Personal): Clean {
  const paths = [...places, { path: root, as: "" }, ...(home === "/" ? [] : [{ path: home, as: "~" }])].sort(
    (a, b) => b.path.length - a.path.length,
  );
  const steps = [
    ...paths.map(({ path, as }) => replacePath(path, as)),
    replaceCredentials,
    ...names(hosts).map((name) => replaceWord(name, "host")),
    ...names(users).map((name) => replaceWord(name, "user")),
  ];
  return (text) => steps.reduce((rest, step) => step(rest), text);
}

/** All strings of a value, at any depth; keys are ours and stay. */
export function cleanAll<T>(value: T, clean: Clean): T {
  return walk(value, clean) as T;
}

function walk(value: unknown, clean: Clean): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, clean));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, clean)]));
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Whole names only: /home/ada is not the beginning of /home/adam. */
function replacePath(path: string, as: string): Clean {
  const whole = new RegExp(`(?<![\\w.-])${escaped(path)}(/|(?![\\w-]|\\.\\w))`, "g");
  return (text) =>
    text.replace(whole, (_, slash: string) => (as === "" ? (slash === "/" ? "" : ".") : `${as}${slash}`));
}

const replaceCredentials: Clean = (text) => text.replace(/\b([a-z][\w+.-]*:\/\/)[^/\s@"']+@/gi, "$1[secret]@");

const names = (all: readonly string[]): string[] =>
  [...new Set(all.filter((name) => name.length > 1 && !COMMON.has(name.toLowerCase())))].sort(
    (a, b) => b.length - a.length,
  );

function replaceWord(name: string, as: string): Clean {
  const whole = new RegExp(`(?<![A-Za-z0-9])${escaped(name)}(?![A-Za-z0-9])`, "gi");
  return (text) => text.replace(whole, as);
}
