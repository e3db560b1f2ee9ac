/** The proof at the end of `up`: the project builds and passes its tests in its container, through the caches. */

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const SCRIPT = `set -e
go version
gopls version | head -n 1
dlv version | sed -n 's/^Version: /dlv v/p'
start=$(date +%s)
go build ./...
go test ./...
echo "built and tested in $(($(date +%s) - start)) s"`;

/** Shell command for this machine. */
export function smokeCommand(container: string): string {
  return `docker exec ${quote(container)} /bin/sh -c ${quote(SCRIPT)}`;
}
