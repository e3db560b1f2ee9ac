package policy

import "workstation/toolchain/privileged/fault"

// Found is what stands at a path before a verb changes it.
type Found struct {
	Mode     uint32
	UID, GID uint32
}

const (
	setID      = 0o7000
	groupWrite = 0o020
	otherWrite = 0o002
)

// Mode says whether a file may get these permissions. `found` is nil where nothing stands; root and the group root own
// what is new. Permissions that a file has already may stay as they are.
func Mode(mode uint32, found *Found) error {
	if mode&setID != 0 || mode > 0o777 {
		return fault.Refuse("permissions %#o: set-id and sticky bits are never given", mode)
	}
	if found != nil && mode == found.Mode&0o777 {
		return nil
	}
	if mode&otherWrite != 0 {
		return fault.Refuse("permissions %#o: a file of root's that everybody may write is never made", mode)
	}
	if mode&groupWrite != 0 && found != nil && found.GID != 0 {
		return fault.Refuse("permissions %#o: the file's group would newly be able to write it", mode)
	}
	return nil
}

// Owner says whether a file can have this owner: the one it has, or root where it is new. The helper gives nothing away.
func Owner(uid, gid *uint32, found *Found) error {
	now := Found{}
	if found != nil {
		now = *found
	}
	if (uid != nil && *uid != now.UID) || (gid != nil && *gid != now.GID) {
		return fault.Refuse("the owner stays %d:%d: the helper changes no owner", now.UID, now.GID)
	}
	return nil
}
