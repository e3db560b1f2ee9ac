/** What of the machine trusts which root certificates: lists compared, handshakes tried. */
import { fingerprintOf, readPem } from "../../provider/trust/pem.ts";
import { type CheckDefinition, check } from "./check.ts";

const UP = "./workstation up";
const DEBIAN = "/etc/ssl/certs/ca-certificates.crt";
const BUNDLES = [
  DEBIAN,
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
];

const fingerprints = (text: string): Set<string> => new Set(readPem(text).map(fingerprintOf));

const short = (all: readonly string[]): string => all.map((one) => one.slice(0, 12)).join(", ");

/** The same list in every place that is read: store, file of the containers, each running container. */
const places = check(
  "trust-list",
  "the same root certificates in the store, in the containers' file and in each container",
  UP,
  async ({ plan, containers, inContainer, read }) => {
    const planned = await plan();
    if (planned === undefined) return ["skip", "no settings"];
    const { expected, anchors } = planned.machine.roots;
    const staged = anchors !== undefined && anchors.root !== "";
    const store = BUNDLES.map((file) => read(file)).find((text) => text !== undefined);
    const lacking = (where: string, text: string | undefined): string[] => {
      const there = fingerprints(text ?? "");
      const missing = expected.filter((one) => !there.has(one));
      return text === undefined
        ? [`${where}: not there`]
        : missing.length > 0
          ? [`${where} lacks ${short(missing)}`]
          : [];
    };
    const running = (await containers()).filter(({ state }) => state === "running");
    const inside = await Promise.all(
      running.map(async ({ name }) => {
        const { code, output } = await inContainer(name, 'cat "$SSL_CERT_FILE"');
        return lacking(name, code === 0 ? output : undefined);
      }),
    );
    const wrong = [
      ...(staged ? [] : lacking("the store", store)),
      ...lacking("the containers' file", read(planned.trust.path)),
      ...inside.flat(),
    ];
    if (wrong.length > 0) return ["fail", wrong.join("; ")];
    const count = `${expected.length} beyond the distribution's own`;
    return ["pass", `${count}, in ${running.length} running containers${staged ? "; the store is staged" : ""}`];
  },
);

const handshakes = check(
  "trust-proof",
  "programs that trust the machine's roots, and no others",
  "unset SSL_CERT_FILE, GIT_SSL_NO_VERIFY, http.sslVerify and the like for the programs named",
  async ({ read, proveTrust }) => {
    const bundle = BUNDLES.find((file) => read(file) !== undefined);
    if (bundle === undefined) return ["warn", "no file of root certificates", "apt-get install ca-certificates"];
    const proof = await proveTrust(bundle);
    if (proof === undefined) return ["skip", "openssl is not installed, and makes the test root"];
    const { through, careless, refused } = proof;
    const found = [
      ...(careless.length > 0 ? [`verify nothing: ${careless.join(", ")}`] : []),
      ...(refused.length > 0 ? [`do not read the roots: ${refused.join(", ")}`] : []),
      `shook hands with a test root, and not without it: ${through.join(", ") || "none"}`,
    ];
    return [careless.length > 0 ? "fail" : refused.length > 0 ? "warn" : "pass", found.join("; ")];
  },
);

/** In a container the server runs there too: its loopback is its own. */
export const CONTAINER_SCRIPT = `set -u
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'kill $server 2>/dev/null; rm -rf "$dir"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -keyout root.key -out root.pem -subj /CN=doctor 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=127.0.0.1 2>/dev/null
echo subjectAltName=IP:127.0.0.1 >ext
openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile ext -days 1 -out leaf.pem 2>/dev/null
openssl s_server -accept 127.0.0.1:44317 -cert leaf.pem -key leaf.key -www -quiet >/dev/null 2>&1 &
server=$!
cat "$SSL_CERT_FILE" root.pem >with.pem
tries=0
until openssl s_client -connect 127.0.0.1:44317 </dev/null >/dev/null 2>&1 || [ $tries -ge 100 ]; do tries=$((tries + 1)); done
export GONOSUMDB='*' GOMODCACHE="$dir/mod" GOFLAGS=-modcacherw GOPROXY=https://127.0.0.1:44317
reach() {
  export SSL_CERT_FILE="$1" CURL_CA_BUNDLE="$1" GIT_SSL_CAINFO="$1"
  curl -sS --max-time 8 https://127.0.0.1:44317/ >/dev/null 2>&1 && echo "$2 curl"
  git ls-remote https://127.0.0.1:44317/x 2>&1 | grep -qi 'certificate' || echo "$2 git"
  go list -m example.test/x@v1.0.0 2>&1 | grep -qi 'x509' || echo "$2 go"
}
reach "$SSL_CERT_FILE" without
reach "$dir/with.pem" with
`;

const inContainers = check(
  "trust-containers",
  "curl, git and go in a container trust its roots, and no others",
  UP,
  async ({ containers, inContainer }) => {
    const [first] = (await containers()).filter(({ state }) => state === "running");
    if (first === undefined) return ["skip", "no container of the stack runs"];
    const { output } = await inContainer(first.name, CONTAINER_SCRIPT);
    const lines = output.split("\n").map((line) => line.trim());
    const wrong = ["curl", "git", "go"].filter(
      (name) => !lines.includes(`with ${name}`) || lines.includes(`without ${name}`),
    );
    if (wrong.length > 0) return ["fail", `${first.name}: not so: ${wrong.join(", ")} (${output.slice(0, 200)})`];
    return ["pass", `${first.name}: curl, git and go shook hands with a test root, and not without it`];
  },
);

const daemon = check(
  "trust-daemon",
  "a Docker daemon that started after the roots last changed",
  `${UP} --restart`,
  async ({ facts }) => {
    const { running, docker } = await facts();
    if (docker.flavour === "desktop") return ["skip", "Docker Desktop takes its roots from Windows"];
    if (running.dockerdStarted === "") return ["skip", "when it started cannot be told"];
    const found = `started ${running.dockerdStarted.slice(0, 19)}, roots changed ${running.trustChanged.slice(0, 19) || "never"}`;
    return [running.dockerdStarted >= running.trustChanged ? "pass" : "warn", found];
  },
);

export const trustChecks: CheckDefinition[] = [places, handshakes, daemon];
export const deepTrustChecks: CheckDefinition[] = [inContainers];
