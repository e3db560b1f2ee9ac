/** The package schema, for `pulumi package get-schema` and for tools that list what a provider has. */
const text = { type: "string" };
const texts = { type: "array", items: text };
const tool = { package: text, version: text, binary: text, go: text, folder: text };
const whole = { type: "integer" };
const flag = { type: "boolean" };
const authority = {
  stack: text,
  folder: text,
  passphrase: { ...text, secret: true },
  owner: text,
  leaves: { type: "array", items: { $ref: "pulumi.json#/Any" } },
  rootLifetime: text,
  intermediateLifetime: text,
};
const anyObject = { type: "object", additionalProperties: { $ref: "pulumi.json#/Any" } };

export function packageSchema(version: string): string {
  return JSON.stringify({
    name: "workstation",
    version,
    description: "Files and images of a Go development workstation",
    resources: {
      "workstation:index:ManagedFile": {
        description: "A file, or our keys or lines in one; what stood there before is given back on delete.",
        inputProperties: {
          path: text,
          mode: text,
          content: text,
          values: anyObject,
          comment: text,
          block: text,
          symlink: text,
          permissions: text,
          owner: text,
        },
        requiredInputs: ["path"],
        properties: { path: text, mode: text, permissions: text, owner: text, sha256: text, values: anyObject },
        required: ["path", "mode", "permissions", "sha256"],
      },
      "workstation:index:LocalImage": {
        description: "An image assembled or built on this machine, named by the hash of what went into it.",
        inputProperties: { repository: text, recipe: anyObject },
        requiredInputs: ["repository", "recipe"],
        properties: { repository: text, recipe: anyObject, reference: text, imageId: text, size: { type: "number" } },
        required: ["repository", "recipe", "reference", "imageId", "size"],
      },
      "workstation:index:CertificateAuthority": {
        description: "The stack's own certificate authority, in a folder.",
        inputProperties: { ...authority, algorithm: text, program: anyObject, go: text },
        requiredInputs: [...Object.keys(authority), "program", "go"],
        properties: { ...authority, algorithm: text, fingerprint: text, certificate: text, findings: texts },
        required: [...Object.keys(authority), "fingerprint", "certificate", "findings"],
      },
      "workstation:index:GoSdk": {
        description: "A Go release in a folder of the user's, from the checksum-verified toolchain module.",
        inputProperties: { version: text, folder: text },
        requiredInputs: ["version", "folder"],
        properties: { version: text, folder: text, path: text, sum: text, tree: text, damaged: texts },
        required: ["version", "folder", "path", "sum", "tree", "damaged"],
      },
      "workstation:index:GoTool": {
        description: "A program built from an exact version of its module, verified by the checksum database.",
        inputProperties: tool,
        requiredInputs: Object.keys(tool),
        properties: { ...tool, path: text, sum: text, sha256: text, installed: text },
        required: [...Object.keys(tool), "path", "sum", "sha256", "installed"],
      },
      "workstation:index:TrustAnchors": {
        description: "Root certificates in the distribution's trust store. What leaves the list leaves the store.",
        inputProperties: { certificates: texts, owner: text, root: text },
        requiredInputs: ["certificates", "owner"],
        properties: { owner: text, root: text, fingerprints: texts, trusted: texts, damaged: texts },
        required: ["owner", "root", "fingerprints", "trusted", "damaged"],
      },
      "workstation:index:TrustBundle": {
        description: "Every root in one file, for containers that mount its folder.",
        inputProperties: { path: text, certificates: texts },
        requiredInputs: ["path", "certificates"],
        properties: { path: text, sha256: text, count: whole, readable: { type: "boolean" } },
        required: ["path", "sha256", "count", "readable"],
      },
      "workstation:index:ProcessLimit": {
        description: "How many processes and threads a container may have.",
        inputProperties: { container: text, limit: whole },
        requiredInputs: ["container", "limit"],
        properties: { container: text, limit: whole },
        required: ["container", "limit"],
      },
      "workstation:index:SystemdUnit": {
        description: "What systemd makes of a unit whose files are managed ones.",
        inputProperties: { unit: text, mode: text, digest: text },
        requiredInputs: ["unit", "mode"],
        properties: { unit: text, mode: text, digest: text, holds: flag },
        required: ["unit", "mode", "digest", "holds"],
      },
      "workstation:index:Timezone": {
        description: "The system's time zone; the one before is given back on delete.",
        inputProperties: { zone: text, root: text },
        requiredInputs: ["zone"],
        properties: { zone: text, root: text, named: text, files: { type: "array", items: text } },
        required: ["zone", "root", "named", "files"],
      },
    },
    functions: {
      "workstation:index:facts": {
        description: "What is true of this machine.",
        inputs: {
          properties: { projects: { type: "array", items: anyObject }, windows: flag, clock: flag },
          required: ["projects"],
        },
        outputs: anyObject,
      },
    },
  });
}
