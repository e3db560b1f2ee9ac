import { fillIn } from "../../../domain/export/apply.ts";
import { type Payload, renderExport } from "../../../domain/export/document.ts";
import { makeExport } from "../../../domain/export/make.ts";
import type { Personal } from "../../../domain/export/personal.ts";
import type { Json } from "../../../domain/export/spans.ts";
import { Random } from "../files/fuzz/random.ts";
import { planted } from "./canaries.ts";

const jane: Personal = {
  root: "/home/jane/go-workstation",
  home: "/home/jane",
  user: "jane",
  hostname: "thinkpad7",
  name: "Jane Doe",
  email: "j.doe@corp.example",
};
const of = (raw: Record<string, Json>, words: string[] = []) => makeExport(raw, jane, new Set(words));

const versions = { node: "24.0.0", pulumi: "3.0.0", plugins: {}, go: [], tools: {} };
const rendered = ({ settings, parameters, credentials }: ReturnType<typeof of>): string =>
  renderExport({ product: "1.0.0", versions, settings, parameters, credentials } as Payload);

test("100 settings with secrets in every kind of place: none is in an export, and all come back by the answers", () => {
  let count = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const { settings, canaries } = planted(new Random(seed));
    const made = of(settings);
    const text = rendered(made);
    for (const { place, text: canary } of canaries) {
      expect([seed, place, text.includes(canary)]).toEqual([seed, place, false]);
      count++;
    }
    const { credentials: _credentials, ...rest } = settings;
    const back = fillIn(made.settings, made.parameters, made.answers);
    // Encrypted values have no text here; they come back as nothing.
    expect(back).toEqual(withoutSecure(rest));
  }
  expect(count).toBeGreaterThan(2500);
});

/** Without their values, which nobody here knows. */
function withoutSecure(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutSecure);
  if (typeof value !== "object" || value === null) return value;
  if (typeof value.secure === "string") return "";
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSecure(item)]));
}

test("secrets become parameters that say where, and nothing of what", () => {
  const { parameters, settings, credentials } = of({
    credentials: { "git.corp.example": { secure: "v1:abc" }, s3: { secure: "v1:def" } },
    projects: [{ path: "a", env: { API_TOKEN: "abcdefgh1", COPY: "x abcdefgh1" } }],
    files: [{ path: "~/x", mode: "json", values: { password: 12345678 } }],
  });
  expect(credentials).toEqual(["git.corp.example", "s3"]);
  expect(settings).toEqual({
    projects: [{ path: "a", env: { API_TOKEN: "${secret.API_TOKEN}", COPY: "x ${secret.API_TOKEN}" } }],
    files: [{ path: "~/x", mode: "json", values: { password: "${secret.password}" } }],
  });
  expect(parameters).toEqual([
    {
      name: "secret.API_TOKEN",
      description: "Secret of projects[0].env.API_TOKEN",
      usedBy: ["projects[0].env.API_TOKEN", "projects[0].env.COPY"],
      secret: true,
    },
    {
      name: "secret.password",
      description: "Secret of files[0].values.password",
      usedBy: ["files[0].values.password"],
      secret: true,
      type: "number",
    },
  ]);
});

test("a password that is a plain word is not looked for elsewhere", () => {
  const { settings } = of({ projects: [{ path: "a", env: { DB_PASSWORD: "postgres", DB_USER: "postgres" } }] });
  expect(settings).toEqual({
    projects: [{ path: "a", env: { DB_PASSWORD: "${secret.DB_PASSWORD}", DB_USER: "postgres" } }],
  });
});

test("home, user, host name, and who git says it is", () => {
  const raw: Record<string, Json> = {
    owner: "Jane Doe <j.doe@corp.example>",
    projects: [
      {
        path: "/home/jane/src/shop",
        env: { WHO: "jane", HOST: "THINKPAD7", LIST: "/home/jane/a:/usr/bin:/home/bob/x" },
      },
      { path: "~/src/mine", env: { NOTE: "janet is not jane's name", AT: "jane@thinkpad7.local" } },
    ],
    files: [{ path: "~/.x", content: "C:\\Users\\jane\\x\nroot=/home/jane/go-workstation/x\nx=$/home/jane\n" }],
  };
  const made = of(raw);
  const text = rendered(made);
  expect(text.replaceAll("janet", "")).not.toMatch(/jane|thinkpad7|doe|\/home/i);
  expect(made.settings).toMatchObject({
    owner: "${name} <${email}>",
    projects: [
      {
        path: "${home}/src/shop",
        env: { WHO: "${user}", HOST: "${hostname-2}", LIST: "${home}/a:/usr/bin:${path.LIST}" },
      },
      { path: "~/src/mine", env: { AT: "${user}@${hostname}.local" } },
    ],
    files: [{ content: "${path.content}\nroot=${checkout}/x\nx=${$}${home}\n" }],
  });
  expect(fillIn(made.settings, made.parameters, made.answers)).toEqual(raw);
});

test("paths elsewhere are one parameter each; those of the checkout become relative", () => {
  const made = of({
    image: { dockerfile: "/home/jane/go-workstation/images/team/Dockerfile" },
    hostSync: { roots: { files: ["/home/jane/go-workstation/certs/a.pem", "/data/certs/b.pem", "/data/certs/b.pem"] } },
    goToolchain: { folder: "/data/go" },
    wsl: { swapFile: "D:\\wsl\\swap.vhdx", distro: { automount: { root: "/mnt/" } } },
    files: [{ path: "/etc/docker/daemon.json", mode: "json", values: {} }],
    projects: [
      { path: "/home/jane/go-workstation/examples/hello" },
      { path: "/data/shop" },
      { path: "/var/jane-pay" },
      { path: "/data/x", name: "web" },
      { path: "/home/jane/go-workstation" },
    ],
  });
  expect(made.settings).toEqual({
    image: { dockerfile: "images/team/Dockerfile" },
    hostSync: { roots: { files: ["certs/a.pem", "${path.files}", "${path.files}"] } },
    goToolchain: { folder: "${path.folder}" },
    wsl: { swapFile: "${path.swapFile}", distro: { automount: { root: "/mnt/" } } },
    files: [{ path: "/etc/docker/daemon.json", mode: "json", values: {} }],
    projects: [
      { path: "examples/hello" },
      // The name that it has from its folder here.
      { path: "${path.shop}", name: "shop" },
      { path: "${path.project-3}" },
      { path: "${path.web}", name: "web" },
      { path: "${checkout}" },
    ],
  });
});

test("a person who is called like a word of the settings does not change them", () => {
  const local: Personal = { ...jane, user: "local", home: "/home/local", root: "/srv/x", hostname: "localhost" };
  const raw = { goProxy: { mode: "local" }, owner: "root", projects: [{ path: "~/a" }] };
  expect(makeExport(raw, local, new Set(["local", "goProxy"])).settings).toEqual(raw);
  for (const user of ["root", "go", "ubuntu"]) {
    const common = { owner: `x ${user}`, projects: [{ path: `~/${user}/a` }] };
    expect(makeExport(common, { ...jane, user, home: `/home/${user}` }).settings).toEqual(common);
  }
});

test("what is not in the settings in any way is not changed, and text that looks like a parameter stays text", () => {
  const raw = { go: { versions: ["1.22.6"], env: { GOPRIVATE: "git.corp.example/*" } }, owner: "a ${home} $${x} $" };
  const made = of(raw);
  expect([made.parameters, made.credentials]).toEqual([[], []]);
  expect(made.settings).toMatchObject({ owner: "a $${home} $$${x} $" });
  expect(fillIn(made.settings, [], new Map())).toEqual(raw);
});

test("a secret that is left out takes its key along; within a text it leaves nothing", () => {
  const made = of({
    go: { env: { GOPROXY: "https://jane:pw123456@proxy.example,direct" } },
    projects: [{ path: "a", env: { API_TOKEN: "abc", B: "c" } }],
    files: [{ path: "~/x", mode: "json", values: { args: ["--token", "abcdef", "x"] } }],
  });
  expect(fillIn(made.settings, made.parameters, new Map())).toEqual({
    go: { env: { GOPROXY: "https://proxy.example,direct" } },
    projects: [{ path: "a", env: { B: "c" } }],
    files: [{ path: "~/x", mode: "json", values: { args: ["--token", "x"] } }],
  });
});

test("the order in which keys were written does not matter", () => {
  const one = of({ owner: "jane", projects: [{ path: "/data/shop", env: { A: "1", B: "jane" } }] });
  const two = of({ projects: [{ env: { B: "jane", A: "1" }, path: "/data/shop" }], owner: "jane" });
  expect(rendered(one)).toBe(rendered(two));
});
