#!/bin/sh
# Runs COMMAND on a machine of its own: ROOT is its root folder, nothing but loopback is its network, and it ends with the
# command. Needs root. Usage: machine-without-network.sh ROOT COMMAND [ARGUMENT...]
set -eu
if [ "${1-}" != --inside ]; then
  exec unshare --net --mount --pid --ipc --uts --fork --kill-child "$0" --inside "$@"
fi
shift
root=$1
shift
ip link set lo up
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mkdir -p proc sys dev run tmp .outside
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
pivot_root . .outside
umount -l /.outside
exec "$@"
