/** The providers that we build must take and give the names that the npm packages use. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readPins } from "../../../cli/setup/toolchain-build.ts";

const root = join(__dirname, "../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

interface Schema {
  resources: Record<
    string,
    { properties: Record<string, { secret?: boolean }>; inputProperties: Record<string, unknown> }
  >;
  types: Record<string, { properties: Record<string, unknown> }>;
}

const schemaOf = (provider: string): Schema => JSON.parse(read(`toolchain/plugins/${provider}/schema.json`)) as Schema;

/** Names of the members of one interface or class of a .d.ts. */
function members(types: string, opening: RegExp, member: RegExp): string[] {
  const start = types.search(opening);
  expect(start).toBeGreaterThanOrEqual(0);
  const body = types.slice(start, types.indexOf("\n}", start));
  return [...body.matchAll(member)].map(([, name]) => name ?? "").sort();
}

test.each([
  ["docker", "container", "Container"],
  ["docker", "network", "Network"],
  ["docker", "volume", "Volume"],
  ["docker", "remoteImage", "RemoteImage"],
  ["docker", "tag", "Tag"],
  ["random", "randomPassword", "RandomPassword"],
  ["random", "randomBytes", "RandomBytes"],
])("%s: %s", (provider, file, name) => {
  const types = read(`node_modules/@pulumi/${provider}/${file}.d.ts`);
  const resource = schemaOf(provider).resources[`${provider}:index/${file}:${name}`];
  expect(Object.keys(resource?.inputProperties ?? {}).sort()).toEqual(
    members(types, new RegExp(`interface ${name}Args `), /^ {4}(\w+)\??: /gm),
  );
  expect(Object.keys(resource?.properties ?? {}).sort()).toEqual(
    members(types, new RegExp(`class ${name} `), /^ {4}readonly (\w+): pulumi\.Output/gm),
  );
});

test.each(["Healthcheck", "Mount", "NetworksAdvanced", "Port", "Ulimit", "Upload", "Volume"])(
  "docker: the parts of a container: %s",
  (part) => {
    const types = read("node_modules/@pulumi/docker/types/input.d.ts");
    const ours = schemaOf("docker").types[`docker:index/Container${part}:Container${part}`];
    expect(Object.keys(ours?.properties ?? {}).sort()).toEqual(
      members(types, new RegExp(`interface Container${part} `), /^ {4}(\w+)\??: /gm),
    );
  },
);

test("a password is secret", () => {
  const password = schemaOf("random").resources["random:index/randomPassword:RandomPassword"];
  const secret = Object.entries(password?.properties ?? {}).filter(([, property]) => property.secret === true);
  expect(secret.map(([name]) => name).sort()).toEqual(["bcryptHash", "result"]);
});

test("the versions are those of the npm packages", () => {
  const pins = readPins();
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
  expect(dependencies["@pulumi/pulumi"]).toBe(pins.pulumi);
  for (const [name, version] of Object.entries(pins.plugins)) expect(dependencies[`@pulumi/${name}`]).toBe(version);
});
