/** What one key alone cannot tell: settings that contradict each other. */

import { show } from "./messages.ts";
import { nearest } from "./nearest.ts";
import type { LoadedSettings, NamedProject, ProjectSettings, Settings } from "./schema.ts";
import { toBytes } from "./units.ts";

export interface Problem {
  path: PropertyKey[];
  message: string;
}

const MIB = 1024 ** 2;
/** MiB. */
const LEAST_MEMORY = 64;
/** MiB: the gate, Athens and the checksum mirror, and the go commands that fetch. */
const LEAST_PROXY_MEMORY = 256;

/** Gives each project its name: the one written, else the folder's made valid. */
export function nameProjects(projects: readonly ProjectSettings[]): { projects: NamedProject[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const named = projects.map((project, index) => {
    const name = project.name ?? nameOfFolder(project.path);
    if (name === undefined) {
      problems.push({
        path: ["projects", index, "path"],
        message: `${show(project.path)} gives no name that a container can have; add "name": 2 to 40 characters, lower-case letters, digits and dashes`,
      });
    }
    return { ...project, name: name ?? `project-${index}` };
  });
  return { projects: named, problems };
}

export function nameOfFolder(path: string): string | undefined {
  const folder = path.replace(/\/+$/, "").split("/").at(-1) ?? "";
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return name.length >= 2 ? name : undefined;
}

export function crossChecks(
  settings: LoadedSettings,
  smokeProjectWritten: boolean,
): { smokeTest: Settings["smokeTest"]; problems: Problem[] } {
  const { projects, go } = settings;
  const smoke = planSmokeTest(settings, smokeProjectWritten);
  const problems = [
    ...repeated(go.versions).map(
      (index): Problem => ({
        path: ["go", "versions", index],
        message: `${show(go.versions[index])} is listed twice; write it once`,
      }),
    ),
    ...repeated(projects.map(({ name }) => name)).map(
      (index): Problem => ({
        path: ["projects", index],
        message: `its name ${show(projects[index]?.name)} is taken by projects[${projects.findIndex(({ name }) => name === projects[index]?.name)}]; give one of them another "name"`,
      }),
    ),
    ...projects.flatMap(({ goVersion }, index): Problem[] =>
      goVersion === undefined || go.versions.includes(goVersion)
        ? []
        : [
            {
              path: ["projects", index, "goVersion"],
              message: `${show(goVersion)} is not one of go.versions (${go.versions.join(", ")}); add it there or choose one of them`,
            },
          ],
    ),
    ...portProblems(projects),
    ...memoryProblems(settings),
    ...goProxyProblems(settings),
    ...smoke.problems,
  ];
  return { smokeTest: smoke.smokeTest, problems };
}

/** Indices of entries that stand further up already. */
const repeated = (values: readonly unknown[]): number[] =>
  values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));

function portProblems(projects: readonly NamedProject[]): Problem[] {
  const taken = new Map<number, string>();
  return projects.flatMap((project, index) => {
    const inside = project.ports.map((entry) => entry.container);
    return project.ports.flatMap((entry, number): Problem[] => {
      const path = ["projects", index, "ports", number];
      const owner = taken.get(entry.host);
      taken.set(entry.host, owner ?? project.name);
      return [
        ...(owner === undefined
          ? []
          : [
              {
                path: [...path, "host"],
                message: `port ${entry.host} of this machine is taken by project "${owner}"; choose another`,
              },
            ]),
        ...(inside.indexOf(entry.container) < number
          ? [
              {
                path: [...path, "container"],
                message: `port ${entry.container} of the container is published twice; once is enough`,
              },
            ]
          : []),
      ];
    });
  });
}

function memoryProblems(settings: LoadedSettings): Problem[] {
  const entries: [PropertyKey[], string | undefined, number][] = [
    [["container", "memory"], settings.container.memory, LEAST_MEMORY],
    [["goProxy", "memory"], settings.goProxy.memory, LEAST_PROXY_MEMORY],
    ...settings.projects.map(({ memory }, index): [PropertyKey[], string | undefined, number] => [
      ["projects", index, "memory"],
      memory,
      LEAST_MEMORY,
    ]),
  ];
  return entries.flatMap(([path, memory, least]): Problem[] => {
    if (memory === undefined) return [];
    const bytes = toBytes(memory);
    if (bytes % MIB === 0 && bytes >= least * MIB && Number.isSafeInteger(bytes)) return [];
    return [{ path, message: `${show(memory)} is not allowed: must be whole MiB, at least ${least}MiB` }];
  });
}

/** Names that the proxy's own containers have. */
export const SIDECARS: readonly string[] = ["goproxy", "ca"];

function goProxyProblems({ goProxy, projects, credentials }: LoadedSettings): Problem[] {
  if (goProxy.mode === "off") return [];
  const shared = goProxy.mode === "shared";
  const hosts = goProxy.private.map(({ host }) => host);
  return [
    ...projects.flatMap(({ name, ports }, index): Problem[] => [
      ...(SIDECARS.includes(name)
        ? [
            {
              path: ["projects", index],
              message: `its name ${show(name)} is that of a container of goProxy; give it another "name"`,
            },
          ]
        : []),
      ...ports.flatMap(({ host }, number): Problem[] =>
        host === goProxy.port
          ? [
              {
                path: ["projects", index, "ports", number, "host"],
                message: `port ${host} of this machine is goProxy.port; choose another`,
              },
            ]
          : [],
      ),
    ]),
    ...repeated(hosts).map(
      (index): Problem => ({
        path: ["goProxy", "private", index, "host"],
        message: `${show(hosts[index])} is listed twice; write it once`,
      }),
    ),
    ...goProxy.private.flatMap(({ protocol, knownHosts }, index): Problem[] =>
      protocol === "ssh" && knownHosts === undefined
        ? [
            {
              path: ["goProxy", "private", index, "knownHosts"],
              message:
                "is missing: ssh must know the server's key. `ssh-keyscan HOST` prints the lines; compare them with what the server's people say",
            },
          ]
        : [],
    ),
    ...(shared && goProxy.shared === undefined
      ? [{ path: ["goProxy", "shared"], message: "is missing: mode shared needs s3 and redis" }]
      : []),
    ...(shared && credentials.s3 === undefined
      ? [
          {
            path: ["credentials", "s3"],
            message:
              "is missing: the secret of goProxy.shared.s3.accessKeyId. `./workstation credential set s3` asks for it",
          },
        ]
      : []),
    ...goProxy.private.flatMap(({ host, protocol }): Problem[] =>
      protocol === "ssh" && credentials[host] === undefined
        ? [
            {
              path: ["credentials", host],
              message: `is missing: ssh to ${host} needs a key. \`./workstation credential set ${host} --ssh-key FILE\``,
            },
          ]
        : [],
    ),
  ];
}

/** Off when there is nothing to try. A project that nobody named by hand may be missing: then the first one is tried. */
function planSmokeTest(
  { smokeTest, projects }: LoadedSettings,
  written: boolean,
): { smokeTest: Settings["smokeTest"]; problems: Problem[] } {
  const first = projects[0];
  if (first === undefined) return { smokeTest: { ...smokeTest, enabled: false }, problems: [] };
  const names = projects.map(({ name }) => name);
  if (!smokeTest.enabled || names.includes(smokeTest.project)) return { smokeTest, problems: [] };
  if (!written) return { smokeTest: { ...smokeTest, project: first.name }, problems: [] };
  const near = nearest(smokeTest.project, names);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  return {
    smokeTest,
    problems: [
      {
        path: ["smokeTest", "project"],
        message: `${show(smokeTest.project)} is not the name of a project (${names.join(", ")}).${hint} Name one of them, or set smokeTest.enabled to false`,
      },
    ],
  };
}
