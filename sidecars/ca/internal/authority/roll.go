package authority

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/suite"
	"workstation/sidecars/ca/internal/vault"
)

// MinOverlap gives every reader of the bundle time to take the new root, and every leaf time to be renewed twice.
const MinOverlap = 7 * 24 * time.Hour

// Lock keeps a second init, roll or deny out of the state folder.
func Lock(folder string) (release func(), err error) {
	release, err = files.Lock(filepath.Join(folder, "state.lock"))
	if errors.Is(err, files.ErrLocked) {
		return nil, fmt.Errorf("--state %s: another init, roll or deny is at work: wait for it", folder)
	}
	return release, err
}

// Init makes a root and an intermediate in an empty state folder. cost is that of the vault.
func Init(folder string, profile Profile, passphrase []byte, cost int, now time.Time) (*Authority, error) {
	if err := CheckFolder(folder, true); err != nil {
		return nil, err
	}
	release, err := Lock(folder)
	if err != nil {
		return nil, err
	}
	defer release()
	if _, err := os.Stat(filepath.Join(folder, stateFile)); err == nil {
		return nil, fmt.Errorf("--state %s holds an authority already: roll it over, or name another folder", folder)
	}
	algorithm, err := suite.ByName(profile.Algorithm)
	if err != nil {
		return nil, err
	}
	wire := wireState{Format: stateFormat, Profile: profile}
	root, rootKey, err := profile.newRoot(algorithm, now)
	if err != nil {
		return nil, err
	}
	intermediate, key, err := profile.newIntermediate(algorithm, root, rootKey, now)
	if err != nil {
		return nil, err
	}
	if err := wire.addRoot(folder, algorithm, root, rootKey, passphrase, cost); err != nil {
		return nil, err
	}
	if err := wire.addIntermediate(folder, algorithm, intermediate, nil, key); err != nil {
		return nil, err
	}
	if err := wire.commit(folder); err != nil {
		return nil, err
	}
	return Load(folder)
}

// RollOptions of a roll-over.
type RollOptions struct {
	Passphrase []byte
	// Root makes a new root as well, with NewPassphrase if there is one.
	Root          bool
	NewPassphrase []byte
	// Early rolls over although peers may not have the root of the last roll-over yet.
	Early bool
	// Overlap is how long the old root stays trusted; 0 is until it expires.
	Overlap time.Duration
	Cost    int
}

// Roll makes a new intermediate, and with options.Root a new root that the old one introduces. Leaves that are out stay
// valid: they are replaced when their time comes.
func Roll(folder string, options RollOptions, now time.Time) (*Authority, error) {
	if options.Overlap != 0 && options.Overlap < MinOverlap {
		return nil, fmt.Errorf("--overlap %s is too short: at least %s", options.Overlap, MinOverlap)
	}
	release, err := Lock(folder)
	if err != nil {
		return nil, err
	}
	defer release()
	authority, err := Load(folder)
	if err != nil {
		return nil, err
	}
	if settled := authority.Root().NotBefore.Add(caBackdate + MinOverlap); len(authority.Roots) > 1 && now.Before(settled) && !options.Early {
		return nil, fmt.Errorf("the root was rolled over less than %s ago: those who do not have it yet would refuse what comes now; "+
			"wait until %s, or use --early", MinOverlap, settled.Format(time.RFC3339))
	}
	wire := authority.wire
	wire.dropExpired(authority, now)
	root := authority.Root()
	rootKey, err := authority.rootKey(folder, options.Passphrase)
	if err != nil {
		return nil, err
	}
	if !options.Root && !now.Add(minIntermediateLifetime).Before(root.NotAfter) {
		return nil, fmt.Errorf("the root expires on %s: roll it over too, with --root", root.NotAfter.Format(time.DateOnly))
	}
	oldRoot, oldKey := root, rootKey
	if options.Root {
		if root, rootKey, err = authority.Profile.newRoot(authority.Suite, now); err != nil {
			return nil, err
		}
	}
	intermediate, key, err := authority.Profile.newIntermediate(authority.Suite, root, rootKey, now)
	if err != nil {
		return nil, err
	}
	var cross *x509.Certificate
	if options.Root {
		if now.Add(declaration.MaxLifetime).Before(oldRoot.NotAfter) {
			if cross, err = authority.Profile.cross(authority.Suite, intermediate, oldRoot, oldKey); err != nil {
				return nil, err
			}
		}
		passphrase := options.NewPassphrase
		if passphrase == nil {
			passphrase = options.Passphrase
		}
		wire.retireRoots(now, options.Overlap)
		if err := wire.addRoot(folder, authority.Suite, root, rootKey, passphrase, options.Cost); err != nil {
			return nil, err
		}
	}
	// What no longer signs is no longer kept: only the certificates are, to recognise what they signed.
	for index := range wire.Intermediates {
		wire.Intermediates[index].Key = ""
	}
	if err := wire.addIntermediate(folder, authority.Suite, intermediate, cross, key); err != nil {
		return nil, err
	}
	if err := wire.commit(folder); err != nil {
		return nil, err
	}
	return Load(folder)
}

func (w *wireState) retireRoots(now time.Time, overlap time.Duration) {
	for index := range w.Roots {
		w.Roots[index].Key = ""
		end := now.Add(overlap).UTC().Truncate(time.Second)
		if overlap > 0 && (w.Roots[index].Retires == nil || end.Before(*w.Roots[index].Retires)) {
			w.Roots[index].Retires = &end
		}
	}
}

// dropExpired forgets generations of which nothing can be valid any more. The active root stays, expired or not.
func (w *wireState) dropExpired(authority *Authority, now time.Time) {
	var intermediates []wireIntermediate
	for index, entry := range authority.Intermediates {
		if now.Before(entry.Certificate.NotAfter) {
			intermediates = append(intermediates, w.Intermediates[index])
		}
	}
	needed := func(root *x509.Certificate) bool {
		for _, entry := range authority.Intermediates {
			if now.Before(entry.Certificate.NotAfter) && authority.Suite.SignedBy(entry.Certificate, root) == nil {
				return true
			}
		}
		return false
	}
	var roots []wireRoot
	for index, root := range authority.Roots {
		if index == len(authority.Roots)-1 || now.Before(root.Until) || needed(root.Certificate) {
			roots = append(roots, w.Roots[index])
		}
	}
	w.Roots, w.Intermediates = roots, intermediates
}

func (w *wireState) addRoot(folder string, algorithm suite.Suite, root *x509.Certificate, key crypto.Signer, passphrase []byte, cost int) error {
	plain, err := algorithm.MarshalKey(key)
	if err != nil {
		return err
	}
	sealed, err := vault.Seal(plain, passphrase, cost)
	if err != nil {
		return err
	}
	name := keyPrefix + "root-" + Serial(root) + ".json"
	if err := files.WriteAtomic(filepath.Join(folder, name), sealed, 0o600); err != nil {
		return err
	}
	w.Roots = append(w.Roots, wireRoot{Certificate: string(EncodePEM(root)), Key: name})
	return nil
}

func (w *wireState) addIntermediate(folder string, algorithm suite.Suite, intermediate, cross *x509.Certificate, key crypto.Signer) error {
	plain, err := algorithm.MarshalKey(key)
	if err != nil {
		return err
	}
	name := keyPrefix + "intermediate-" + Serial(intermediate) + ".pem"
	if err := files.WriteAtomic(filepath.Join(folder, name), plain, 0o600); err != nil {
		return err
	}
	entry := wireIntermediate{Certificate: string(EncodePEM(intermediate)), Key: name}
	if cross != nil {
		entry.Cross = string(EncodePEM(cross))
	}
	w.Intermediates = append(w.Intermediates, entry)
	return nil
}
