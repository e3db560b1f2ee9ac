// Package verbs does what was asked for, when the policy lets it.
package verbs

import (
	"context"
	"sync"

	"workstation/toolchain/privileged/policy"
	"workstation/toolchain/privileged/protocol"
	"workstation/toolchain/privileged/tree"
)

// Verbs works one request after the other, whichever connection it came from.
type Verbs struct {
	Policy *policy.Policy
	Root   *tree.Root
	// Run starts a fixed program.
	Run Runner

	mutex sync.Mutex
}

// Finish waits for the work that is going on and lets nothing start after it.
func (v *Verbs) Finish() { v.mutex.Lock() }

// Do answers a request that was decoded without an error.
func (v *Verbs) Do(ctx context.Context, request *protocol.Request) (any, error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	switch request.Verb {
	case "makeFolder", "removeFolder":
		return v.folder(request)
	case "refreshTrust", "restartDaemon", "reloadUnits", "enableUnit", "disableUnit":
		return nil, v.action(ctx, request)
	case "link":
		if err := v.Policy.Link(*request.Path, *request.Target); err != nil {
			return nil, err
		}
		return nil, v.Root.SetLink(*request.Path, *request.Target)
	default:
		return v.file(request)
	}
}

func (v *Verbs) folder(request *protocol.Request) (any, error) {
	if err := v.Policy.Folder(*request.Path); err != nil {
		return nil, err
	}
	if request.Verb == "makeFolder" {
		return v.Root.MakeFolder(*request.Path)
	}
	return v.Root.RemoveFolder(*request.Path)
}

func (v *Verbs) file(request *protocol.Request) (any, error) {
	at := *request.Path
	if err := v.Policy.File(at); err != nil {
		return nil, err
	}
	var mode uint32
	if request.Mode != nil {
		var err error
		if mode, err = request.Permissions(); err != nil {
			return nil, err
		}
	}
	owner := tree.Owner{UID: request.UID, GID: request.GID}
	switch request.Verb {
	case "write":
		return nil, v.Root.Write(at, *request.Content, mode, owner)
	case "restore":
		return nil, v.Root.Restore(at, *request.Content, mode, owner)
	case "remove":
		return nil, v.Root.Remove(at)
	case "setMode":
		return nil, v.Root.SetMode(at, mode)
	case "stat":
		return answer(v.Root.Stat(at))
	default:
		return answer(v.Root.Read(at, protocol.MaxContent))
	}
}

// answer keeps "nothing there" a plain null.
func answer[T *tree.Stat | []byte](value T, err error) (any, error) {
	if value == nil {
		return nil, err
	}
	return value, err
}
