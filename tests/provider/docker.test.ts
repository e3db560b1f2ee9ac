import { createHash } from "node:crypto";
import { resolveDockerEndpoint } from "../../provider/docker.ts";

const home = "/home/u";
const id = createHash("sha256").update("build").digest("hex");
const meta = `${home}/.docker/contexts/meta/${id}/meta.json`;
const files: Record<string, string> = {
  [`${home}/.docker/config.json`]: JSON.stringify({ currentContext: "build" }),
  [meta]: JSON.stringify({ Name: "build", Endpoints: { docker: { Host: "tcp://build:2376", SkipTLSVerify: false } } }),
  [`${home}/.docker/contexts/tls/${id}/docker/ca.pem`]: "CA",
  "/certs/cert.pem": "CERT",
};
const resolve = (env: Record<string, string>, present = files) =>
  resolveDockerEndpoint(env, home, (file) => present[file]);

test("nothing set: the system's socket", () => {
  expect(resolve({}, {})).toEqual({ context: "default", host: "unix:///var/run/docker.sock" });
});

test("DOCKER_HOST wins over every context", () => {
  expect(resolve({ DOCKER_HOST: "unix:///x.sock", DOCKER_CONTEXT: "build" }).host).toBe("unix:///x.sock");
});

test("DOCKER_HOST with certificates", () => {
  const { tls } = resolve({ DOCKER_HOST: "tcp://x:1", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" });
  expect(tls).toEqual({ ca: undefined, cert: "CERT", key: undefined, verify: true });
});

test("the current context, with its keys", () => {
  expect(resolve({})).toEqual({
    context: "build",
    host: "tcp://build:2376",
    tls: { ca: "CA", cert: undefined, key: undefined, verify: true },
  });
});

test("DOCKER_CONTEXT=default goes back to the socket", () => {
  expect(resolve({ DOCKER_CONTEXT: "default" }).host).toBe("unix:///var/run/docker.sock");
});

test("a context that is not there, and a file that does not parse, are named", () => {
  expect(() => resolve({ DOCKER_CONTEXT: "gone" })).toThrow('the Docker context "gone" does not exist');
  expect(() => resolve({}, { [`${home}/.docker/config.json`]: "{" })).toThrow(
    `${home}/.docker/config.json is not valid JSON`,
  );
});
