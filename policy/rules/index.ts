/** Every rule of the pack, in the order in which reports print them. */
import type { Rule } from "../rule.ts";
import { certificateAuthority } from "./authority.ts";
import { noCredentials } from "./credentials.ts";
import { goPinned, goSums } from "./go.ts";
import { checksumDatabase, modulesChecked, proxyOnly } from "./go-environment.ts";
import { noEngineSocket, noHostNamespaces, portsOnLoopback } from "./host.ts";
import { imagesByContent } from "./images.ts";
import { memoryLimit, processLimit } from "./limits.ts";
import { dropCapabilities, noNewPrivileges, notPrivileged } from "./privileges.ts";
import { healthcheck, logRotation, restartPolicy } from "./running.ts";
import { secretFiles } from "./secret-files.ts";
import { approvedRoots } from "./trust.ts";
import { nonRootUser } from "./user.ts";
import { wslDefaultUser, wslIsolation } from "./wsl.ts";

export function workstationRules(): Rule[] {
  return [
    nonRootUser(),
    notPrivileged(),
    dropCapabilities(),
    noNewPrivileges(),
    noEngineSocket(),
    noHostNamespaces(),
    portsOnLoopback(),
    memoryLimit(),
    processLimit(),
    imagesByContent(),
    logRotation(),
    restartPolicy(),
    healthcheck(),
    noCredentials(),
    secretFiles(),
    approvedRoots(),
    certificateAuthority(),
    goPinned(),
    goSums(),
    proxyOnly(),
    modulesChecked(),
    checksumDatabase(),
    wslIsolation(),
    wslDefaultUser(),
  ];
}
