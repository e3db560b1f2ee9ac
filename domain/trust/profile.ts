/** Programs with a list of their own, told to read the system's store as well: Node, and Python's requests and pip. */

export const TRUST_PROFILE = "/etc/profile.d/go-workstation-trust.sh";

/** All trusted roots in one file, as Debian, Fedora and Arch generate it. */
export const STORE_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
];

/** What they are told with. Everything else reads the store by itself. */
export const OWN_LIST_VARIABLES = ["NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "PIP_CERT"];

/** For POSIX shells. Values that a person has set stay. */
export function renderTrustProfile(): string {
  const exports = OWN_LIST_VARIABLES.map((name) => `  export ${name}="\${${name}:-$go_workstation_roots}"`);
  return `# Written by go-workstation from hostSync.roots: these programs do not read the system's root certificates by themselves.
for go_workstation_roots in ${STORE_BUNDLES.join(" ")}; do
  [ -r "$go_workstation_roots" ] || continue
${exports.join("\n")}
  break
done
unset go_workstation_roots
`;
}
