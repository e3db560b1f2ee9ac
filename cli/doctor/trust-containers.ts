/** The trust proof inside containers: the server runs there too, since a container's loopback is its own. */

/**
 * Prints `has PROGRAM` for what is installed, `with PROGRAM` for what came through with the test root, `without PROGRAM`
 * for what came through as the container is set up, and `no openssl` or `no server` where nothing could be tried.
 */
export const CONTAINER_SCRIPT = `set -u
command -v openssl >/dev/null || { echo 'no openssl'; exit; }
dir=$(mktemp -d) && cd "$dir" || exit 1
server=
trap 'test -z "$server" || kill $server 2>/dev/null; rm -rf "$dir"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -keyout root.key -out root.pem -subj /CN=doctor 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=127.0.0.1 2>/dev/null
echo subjectAltName=IP:127.0.0.1 >ext
openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile ext -days 1 -out leaf.pem 2>/dev/null
openssl s_server -accept 127.0.0.1:0 -cert leaf.pem -key leaf.key -www >server.txt 2>&1 </dev/null &
server=$!
tries=0 port=
until [ -n "$port" ] || [ $tries -ge 100 ] || ! kill -0 $server 2>/dev/null; do
  port=$(sed -n 's/^ACCEPT .*:\\([0-9]*\\)$/\\1/p' server.txt) tries=$((tries + 1))
  [ -n "$port" ] || sleep 0.05
done
[ -n "$port" ] || { echo 'no server'; exit; }
url=https://127.0.0.1:$port
cat "$SSL_CERT_FILE" root.pem >with.pem
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 GIT_TERMINAL_PROMPT=0
export GOPROXY=$url GOPRIVATE=none GONOPROXY=none GONOSUMDB='*' GOMODCACHE="$dir/mod" GOFLAGS=-modcacherw GOWORK=off
unverified() { "$@" 2>&1 | grep -Eqi 'x509|certificate' && return 1 || return 0; }
# The exit status says whether the client took the server's certificate.
try_curl() { curl -sS --max-time 8 "$url/" >/dev/null 2>&1; }
try_git() { unverified git ls-remote "$url/x"; }
try_go() { unverified go list -m example.test/x@v1.0.0; }
try_node() { node -e "require('node:https').get('$url/', (r) => process.exit(0)).on('error', () => process.exit(1))" 2>/dev/null; }
try_python3() { python3 -c "import urllib.request; urllib.request.urlopen('$url/', timeout=8)" 2>/dev/null; }
for name in curl git go node python3; do
  command -v $name >/dev/null || continue
  echo "has $name"
  try_$name && echo "without $name"
  (
    export SSL_CERT_FILE="$dir/with.pem" CURL_CA_BUNDLE="$dir/with.pem" GIT_SSL_CAINFO="$dir/with.pem" NODE_EXTRA_CA_CERTS="$dir/with.pem"
    try_$name && echo "with $name"
  )
done
`;

export interface ContainerProof {
  /** Came through with the test root, and not without it. */
  right: string[];
  /** Each program with what was not so. */
  wrong: string[];
  /** Why nothing could be tried; empty when it could. */
  untried: string;
}

export function readProof(output: string): ContainerProof {
  const lines = new Set(output.split("\n").map((line) => line.trim()));
  const programs = [...lines].flatMap((line) => (line.startsWith("has ") ? [line.slice(4)] : []));
  const careless = programs.filter((name) => lines.has(`without ${name}`));
  const refused = programs.filter((name) => !lines.has(`with ${name}`) && !lines.has(`without ${name}`));
  const untried = lines.has("no openssl")
    ? "it has no openssl"
    : programs.length === 0
      ? `its test server did not start (${output.slice(0, 200)})`
      : "";
  return {
    right: programs.filter((name) => !careless.includes(name) && !refused.includes(name)),
    wrong: [
      ...careless.map((name) => `${name} verifies nothing`),
      ...refused.map((name) => `${name} does not read the roots`),
    ],
    untried,
  };
}
