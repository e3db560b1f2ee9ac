// The recordings are `docker inspect` of a container that the real engine made, and its entry in the state.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ContainerInputs,
  type ContainerInspect,
  compareContainer,
  compareImage,
  compareNetwork,
  compareVolume,
  type ImageInspect,
  type NetworkInspect,
  nanoseconds,
  type VolumeInspect,
} from "../../../domain/drift/docker.ts";

const recorded = (name: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, `../recorded/${name}.json`), "utf8"));
const [running] = recorded("container") as [ContainerInspect];
const [stopped] = recorded("container-stopped") as [ContainerInspect];
const state = recorded("container-state") as { id: string; inputs: ContainerInputs };
const [volume] = recorded("volume") as [VolumeInspect];
const [network] = recorded("network") as [NetworkInspect];
const [image] = recorded("image") as [ImageInspect];

const { inputs } = state;
const found = (): ContainerInspect => structuredClone(running);

test("a container as the engine made it does not differ", () => {
  expect(compareContainer(state.id, inputs, found())).toEqual([]);
});

test("a stopped one differs in that alone", () => {
  expect(compareContainer(state.id, inputs, stopped)).toEqual(["running"]);
});

test("one that is meant to end may have ended", () => {
  expect(compareContainer(state.id, { ...inputs, mustRun: false }, stopped)).toEqual([]);
});

type Change = (inspect: ContainerInspect) => void;
test.each<[string, string[], Change]>([
  [
    "another container in its place",
    ["id"],
    (it) => {
      it.Id = "f".repeat(64);
    },
  ],
  [
    "renamed",
    ["name"],
    (it) => {
      it.Name = "/other";
    },
  ],
  [
    "another image",
    ["image"],
    (it) => {
      it.Image = `sha256:${"0".repeat(64)}`;
    },
  ],
  [
    "another host name",
    ["hostname"],
    (it) => {
      it.Config.Hostname = "x";
    },
  ],
  [
    "another command",
    ["command"],
    (it) => {
      it.Config.Cmd = ["sh"];
    },
  ],
  [
    "root",
    ["user"],
    (it) => {
      it.Config.User = "0:0";
    },
  ],
  [
    "another folder",
    ["workingDir"],
    (it) => {
      it.Config.WorkingDir = "/";
    },
  ],
  [
    "a variable changed",
    ["envs"],
    (it) => {
      it.Config.Env = (it.Config.Env ?? []).map((line) => line.replace("development", "x"));
    },
  ],
  ["a variable gone", ["envs"], (it) => void it.Config.Env?.shift()],
  [
    "a label changed",
    ["labels"],
    (it) => {
      (it.Config.Labels ?? {})["io.go-workstation.stack"] = "other";
    },
  ],
  [
    "a mount writable",
    ["mounts"],
    (it) => {
      for (const mount of it.HostConfig.Mounts ?? []) mount.ReadOnly = false;
    },
  ],
  [
    "a mount more, by -v",
    ["mounts"],
    (it) => {
      it.HostConfig.Binds = ["/:/host"];
    },
  ],
  ["a mount less", ["mounts"], (it) => void it.HostConfig.Mounts?.pop()],
  [
    "a port on all addresses",
    ["ports"],
    (it) => {
      it.HostConfig.PortBindings = { "8080/tcp": [{ HostIp: "", HostPort: "18099" }] };
    },
  ],
  [
    "a port gone",
    ["ports"],
    (it) => {
      it.HostConfig.PortBindings = {};
    },
  ],
  [
    "the host's network",
    ["networkMode"],
    (it) => {
      it.HostConfig.NetworkMode = "host";
    },
  ],
  [
    "a name that leads elsewhere",
    ["hosts"],
    (it) => {
      it.HostConfig.ExtraHosts = ["proxy.example:10.0.0.1"];
    },
  ],
  [
    "a second network",
    ["networks"],
    (it) => {
      (it.NetworkSettings?.Networks ?? {}).other = {};
    },
  ],
  [
    "no network",
    ["networks"],
    (it) => {
      (it.NetworkSettings ?? {}).Networks = {};
    },
  ],
  [
    "a capability more",
    ["capabilities"],
    (it) => {
      it.HostConfig.CapAdd = ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE"];
    },
  ],
  [
    "capabilities kept",
    ["capabilities"],
    (it) => {
      it.HostConfig.CapDrop = null;
    },
  ],
  [
    "new privileges allowed",
    ["securityOpts"],
    (it) => {
      it.HostConfig.SecurityOpt = null;
    },
  ],
  [
    "privileged",
    ["privileged"],
    (it) => {
      it.HostConfig.Privileged = true;
    },
  ],
  [
    "no init",
    ["init"],
    (it) => {
      it.HostConfig.Init = null;
    },
  ],
  [
    "memory by `docker update`",
    ["memory", "memorySwap"],
    (it) => void Object.assign(it.HostConfig, { Memory: 2 ** 30, MemorySwap: 2 ** 30 }),
  ],
  [
    "cores by `docker update`",
    ["cpus"],
    (it) => {
      it.HostConfig.NanoCpus = 0;
    },
  ],
  [
    "a ulimit",
    ["ulimits"],
    (it) => {
      it.HostConfig.Ulimits = [{ Name: "nofile", Soft: 1, Hard: 1 }];
    },
  ],
  [
    "shared memory",
    ["shmSize"],
    (it) => {
      it.HostConfig.ShmSize = 0;
    },
  ],
  [
    "logs to nowhere",
    ["logDriver"],
    (it) => {
      (it.HostConfig.LogConfig ?? {}).Type = "none";
    },
  ],
  [
    "logs without end",
    ["logOpts"],
    (it) => {
      (it.HostConfig.LogConfig ?? {}).Config = {};
    },
  ],
  [
    "no restart",
    ["restart"],
    (it) => {
      it.HostConfig.RestartPolicy = { Name: "no" };
    },
  ],
  [
    "no healthcheck",
    ["healthcheck"],
    (it) => {
      it.Config.Healthcheck = null;
    },
  ],
  [
    "a slower healthcheck",
    ["healthcheck"],
    (it) => {
      (it.Config.Healthcheck ?? {}).Interval = 1;
    },
  ],
  [
    "another time to stop",
    ["stopTimeout"],
    (it) => {
      it.Config.StopTimeout = 10;
    },
  ],
  [
    "paused",
    ["running"],
    (it) => {
      it.State.Paused = true;
    },
  ],
])("%s", (_name, fields, change) => {
  const inspect = found();
  change(inspect);
  expect(compareContainer(state.id, inputs, inspect)).toEqual(fields);
});

test("what Docker or the image adds is no difference", () => {
  const inspect = found();
  inspect.Config.Env?.push("LANG=C.UTF-8");
  Object.assign(inspect.Config.Labels ?? {}, { "org.opencontainers.image.title": "x" });
  expect(compareContainer(state.id, inputs, inspect)).toEqual([]);
});

test("an image by name is compared with the name that the container was made from", () => {
  const inspect = found();
  inspect.Config.Image = "golang:1";
  expect(compareContainer(undefined, { ...inputs, image: "golang:1" }, inspect)).toEqual([]);
  expect(compareContainer(undefined, { ...inputs, image: "golang:2" }, inspect)).toEqual(["image"]);
});

test("volumes", () => {
  const wanted = {
    name: "gows-core-gomod",
    driver: "local",
    labels: [{ label: "io.go-workstation.stack", value: "core" }],
  };
  expect(compareVolume(wanted, volume)).toEqual([]);
  expect(compareVolume(wanted, { ...volume, Labels: null })).toEqual(["labels"]);
  expect(compareVolume(wanted, { ...volume, Driver: "nfs", Name: "x" })).toEqual(["driver", "name"]);
});

test("networks", () => {
  const wanted = { name: "gows-core", driver: "bridge", labels: [{ label: "io.go-workstation.stack", value: "core" }] };
  expect(compareNetwork(network.Id, wanted, network)).toEqual([]);
  expect(compareNetwork("other", wanted, network)).toEqual(["id"]);
  expect(compareNetwork(network.Id, wanted, { ...network, Internal: true, Driver: "macvlan", Labels: {} })).toEqual([
    "driver",
    "internal",
    "labels",
  ]);
});

test("images", () => {
  expect(compareImage({ reference: "core-base:1", imageId: image.Id }, image)).toEqual([]);
  expect(compareImage({ reference: "core-base:1", imageId: "sha256:other" }, image)).toEqual(["imageId"]);
  expect(compareImage({ reference: "core-base:1", imageId: image.Id }, { ...image, RepoTags: null })).toEqual([
    "reference",
  ]);
});

test.each([
  ["1m0s", 60e9],
  ["10s", 10e9],
  ["1h2m3s", 3723e9],
  ["1.5s", 1.5e9],
  ["250ms", 250e6],
  ["0s", 0],
])("%s is %d ns", (text, expected) => expect(nanoseconds(text)).toBe(expected));
