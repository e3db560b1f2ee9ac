/** The Docker objects of a stack with so many projects, once as OpenTofu's configuration and once as our stack file. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A network and three volumes, and a container for each project. The image is on both sides and is not counted. */
export const SHARED = 4;

export const TINY_IMAGE = "go-workstation/bench/idle:1";

/** FROM scratch with one static program, so that nothing has to be fetched. */
export function tinyImage(folder: string): void {
  const build = path.join(folder, "idle");
  mkdirSync(build, { recursive: true });
  execFileSync("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", path.join(build, "idle"), "."], {
    cwd: path.join(import.meta.dirname, "../tofu/idle"),
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  writeFileSync(path.join(build, "Dockerfile"), 'FROM scratch\nCOPY idle /idle\nENTRYPOINT ["/idle"]\n');
  execFileSync("docker", ["build", "-q", "-t", TINY_IMAGE, build], { stdio: ["ignore", "ignore", "pipe"] });
}

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `p${String(i + 1).padStart(2, "0")}`);

export interface Project {
  name: string;
  path: string;
}

/** Small Go modules to mount. */
export function projectFolders(folder: string, objects: number): Project[] {
  return names(objects - SHARED).map((name) => {
    const project = path.join(folder, "projects", name);
    mkdirSync(project, { recursive: true });
    writeFileSync(path.join(project, "go.mod"), `module example.com/${name}\n\ngo 1.22\n`);
    writeFileSync(path.join(project, "main.go"), "package main\n\nfunc main() {}\n");
    return { name, path: project };
  });
}

/** The same attributes as our containers have, as far as they make the provider do something. */
export function tofuConfiguration(prefix: string, projects: readonly Project[]): string {
  const volumes = ["gomod", "gobuild", "gopls"];
  const container = ({ name, path: folder }: Project): string => `
resource "docker_container" "${name}" {
  name         = "${prefix}-${name}"
  image        = docker_image.dev.image_id
  user         = "1000:1000"
  network_mode = docker_network.stack.name
  memory       = 4096
  memory_swap  = 4096
  restart      = "unless-stopped"
  log_driver   = "json-file"
  log_opts     = { "max-file" = "3", "max-size" = "10m" }
  init         = true
  security_opts = ["no-new-privileges:true"]
  env          = ["GOTOOLCHAIN=local", "GOFLAGS=-modcacherw"]
  capabilities { drop = ["ALL"] }
  networks_advanced {
    name    = docker_network.stack.name
    aliases = ["${name}"]
  }
  ulimit {
    name = "nproc"
    soft = 2048
    hard = 2048
  }
  healthcheck {
    test     = ["CMD", "/idle", "ok"]
    interval = "1m0s"
    timeout  = "10s"
    retries  = 3
  }
  labels {
    label = "io.go-workstation.stack"
    value = "${prefix}"
  }
  mounts {
    type   = "bind"
    source = "${folder}"
    target = "/workspaces/${name}"
  }
${volumes.map((v) => `  mounts {\n    type   = "volume"\n    source = docker_volume.${v}.name\n    target = "/cache/${v}"\n  }`).join("\n")}
}`;
  return `terraform {
  required_providers {
    docker = { source = "kreuzwerker/docker" }
  }
}
provider "docker" {}
resource "docker_image" "dev" {
  name         = "${TINY_IMAGE}"
  keep_locally = true
}
resource "docker_network" "stack" {
  name = "${prefix}"
}
${volumes.map((v) => `resource "docker_volume" "${v}" {\n  name = "${prefix}-${v}"\n}`).join("\n")}
${projects.map(container).join("\n")}
`;
}

/** The person's stack file of the same objects. */
export function stackFile(projects: readonly Project[], image: string): string {
  const entries = projects.map(
    ({ name, path: folder }) => `    - path: ${JSON.stringify(folder)}\n      name: ${name}`,
  );
  return `config:
  go-workstation:image:
    source: ${image}
  go-workstation:smokeTest:
    enabled: false
  go-workstation:projects:
${entries.join("\n")}
`;
}
