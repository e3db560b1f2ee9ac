/** Random settings with a secret planted in every kind of place, and the text of each. */
import type { Json } from "../../../domain/export/spans.ts";
import type { Random } from "../files/fuzz/random.ts";

const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
const word = (random: Random, length: number, from = LETTERS): string =>
  Array.from({ length }, () => from[random.below(from.length)]).join("");

type Settings = { [key: string]: Json };
type Plant = (canary: string, random: Random) => Settings;

const env = (name: string, value: string): Settings => ({
  projects: [{ path: "x", name: "xx", env: { [name]: value } }],
});
const content = (text: string): Settings => ({ files: [{ path: "~/.config/x", content: `# x\n${text}\nend\n` }] });
const values = (tree: Json): Settings => ({ files: [{ path: "~/x.json", mode: "json", values: tree }] });

const plants: Record<string, Plant> = {
  credential: (canary) => ({ credentials: { "git.corp.example": { secure: canary } } }),
  secure: (canary) => ({ owner: { secure: canary } }),
  "secure, deep": (canary) => values({ a: { b: [{ secure: canary }] } }),
  "environment's name": (canary, random) =>
    env(random.pick(["API_TOKEN", "PGPASSWORD", "clientSecret", "MYSQL_PWD", "AWS_SECRET_ACCESS_KEY"]), canary),
  "URL in go.env": (canary) => ({ go: { env: { GOPROXY: `https://jane:${canary}@proxy.example,direct` } } }),
  "token as a URL's user": (canary) => ({ go: { env: { GOPROXY: `https://${canary}@proxy.example,direct` } } }),
  "URL in a proxy": (canary) => ({ hostSync: { proxy: { http: `http://jane:${canary}@proxy.example:3128` } } }),
  "URL's query": (canary) => env("FEED", `https://h.example/x?a=1&access_token=${canary}&b=2`),
  "line of a file": (canary) => content(`password = ${canary} and more`),
  "quoted in a file": (canary) => content(`{ "a": 1, "api_key": "${canary}, x" }`),
  netrc: (canary) => content(`machine git.example login jane password ${canary}`),
  npmrc: (canary) => content(`//registry.example/:_authToken=${canary}`),
  header: (canary) => content(`[http]\n  extraheader = AUTHORIZATION: basic ${canary}`),
  flag: (canary) => ({ wsl: { distro: { bootCommand: `run --password ${canary} --fast` } } }),
  "connection string": (canary) => env("DSN", `root:${canary}@tcp(127.0.0.1:3306)/db`),
  XML: (canary) => content(`<server><password>${canary}</password></server>`),
  "private key": (canary) =>
    content(`-----BEGIN OPENSSH PRIVATE KEY-----\n${canary}\n-----END OPENSSH PRIVATE KEY-----`),
  "docker's auths": (canary) => values({ auths: { "r.example": { auth: canary } } }),
  "name and value": (canary) => values({ env: [{ name: "DB_PASSWORD", value: canary }] }),
  "words of a command": (canary) => values({ args: ["serve", "--token", canary, "--fast"] }),
  "group of secrets": (canary) => values({ secrets: { first: [canary], second: { third: canary } } }),
  "a key": (canary) => values({ [`url "https://jane:${canary}@git.example"`]: { insteadOf: "x" } }),
  repeated: (canary) => ({ ...env("API_TOKEN", canary), ...content(`# was ${canary} before`) }),
};

/** Those have a shape of their own, wherever they stand. */
const tokens: Record<string, (random: Random) => string> = {
  GitHub: (random) => `ghp_${word(random, 36)}`,
  GitLab: (random) => `glpat-${word(random, 20)}`,
  AWS: (random) => `AKIA${word(random, 16, "ABCDEFGHIJKLMNOP234567")}`,
  JWT: (random) => `eyJ${word(random, 20)}.eyJ${word(random, 20)}.${word(random, 30)}`,
};

const tokenPlaces: readonly Plant[] = [
  (canary) => env("NOTE", canary),
  (canary) => content(`see ${canary}.`),
  (canary) => values({ list: [1, [`x ${canary}`]] }),
  (canary) => ({ owner: `team ${canary}` }),
];

export interface Planted {
  settings: Settings;
  canaries: { place: string; text: string }[];
}

export function planted(random: Random): Planted {
  const canaries: Planted["canaries"] = [];
  let settings: Settings = {
    go: { versions: ["1.22.6"] },
    projects: [{ path: "/home/jane/src/shop", env: { A: "b" } }],
  };
  for (const [place, plant] of Object.entries(plants)) {
    const text = `CANARY${word(random, 14)}`;
    settings = joined(settings, plant(text, random));
    canaries.push({ place, text });
  }
  for (const [place, make] of Object.entries(tokens)) {
    const text = make(random);
    settings = joined(settings, random.pick(tokenPlaces)(text, random));
    canaries.push({ place, text });
  }
  const number = 10_000_000 + random.below(89_000_000);
  canaries.push({ place: "number", text: String(number) });
  return { settings: joined(settings, values({ pin: { password: number } })), canaries };
}

/** Lists one behind the other, groups key by key; of two values that cannot be joined both stay, in `more`. */
function joined(left: Settings, right: Settings): Settings {
  const result = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const there = result[key];
    if (there === undefined) result[key] = value;
    else if (Array.isArray(there) && Array.isArray(value)) result[key] = [...there, ...value];
    else if (isPlain(there) && isPlain(value)) result[key] = joined(there, value);
    else result[`more ${Object.keys(result).length}`] = { [key]: value };
  }
  return result;
}

const isPlain = (value: Json): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !("secure" in value);
