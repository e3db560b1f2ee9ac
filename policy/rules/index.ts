/** Every rule of the pack, in the order in which reports print them. */
import type { Rule } from "../rule.ts";
import { certificateAuthority } from "./authority.ts";
import { noCredentials } from "./credentials.ts";
import { goPinned, goSums } from "./go.ts";
import {
  checksumDatabase,
  inheritedSettings,
  modulesChecked,
  modulesReadonly,
  noInsecureHosts,
  proxyOnly,
  proxyOverTls,
} from "./go-environment.ts";
import { noEngineSocket, noHostNamespaces, portsOnLoopback } from "./host.ts";
import { imagesByContent } from "./images.ts";
import { cpuLimit, memoryLimit, processLimit } from "./limits.ts";
import { fileModes } from "./modes.ts";
import { dropCapabilities, noNewPrivileges, notPrivileged } from "./privileges.ts";
import { healthcheck, logRotation, restartPolicy } from "./running.ts";
import { secretFiles } from "./secret-files.ts";
import { componentOwner, dataHasBackup, driftScheduled, sidecarMetrics } from "./stack.ts";
import { linkCertificates, linkPorts, linkQuotas, linkSuites } from "./transport.ts";
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
    cpuLimit(),
    imagesByContent(),
    logRotation(),
    restartPolicy(),
    healthcheck(),
    noCredentials(),
    secretFiles(),
    fileModes(),
    approvedRoots(),
    certificateAuthority(),
    linkSuites(),
    linkQuotas(),
    linkCertificates(),
    linkPorts(),
    goPinned(),
    goSums(),
    proxyOnly(),
    proxyOverTls(),
    modulesChecked(),
    modulesReadonly(),
    noInsecureHosts(),
    checksumDatabase(),
    inheritedSettings(),
    wslIsolation(),
    wslDefaultUser(),
    sidecarMetrics(),
    dataHasBackup(),
    componentOwner(),
    driftScheduled(),
  ];
}
