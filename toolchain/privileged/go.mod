module workstation/toolchain/privileged

go 1.22
