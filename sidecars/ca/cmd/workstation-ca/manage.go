package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"workstation/sidecars/ca/internal/authority"
	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/issuer"
	"workstation/sidecars/ca/internal/journal"
	"workstation/sidecars/ca/internal/vault"
)

// vaultCost is less in tests.
var vaultCost = vault.DefaultCost

func runInit(_ context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	state := flags.String("state", "", "folder for the authority, made with mode 0700")
	stack := flags.String("stack", "", "name of the stack; .gows-NAME.internal is permitted")
	passphrase := flags.String("passphrase-file", "", "file (mode 0600) with the passphrase of the root key")
	algorithm := flags.String("algorithm", "p256", "kind of keys: p256, or sm2 (with SM3, for the tunnels of the SM suites)")
	root := flags.Duration("root-lifetime", authority.DefaultRootLifetime, "life of the root")
	intermediate := flags.Duration("intermediate-lifetime", authority.DefaultIntermediateLifetime, "life of the intermediate")
	var dns, networks list
	flags.Var(&dns, "permit-dns", "one more DNS name that is permitted, with all below it; may be repeated")
	flags.Var(&networks, "network", "network whose addresses are permitted, as CIDR; may be repeated")
	if err := parse(flags, arguments, 0); err != nil {
		return err
	}
	profile, err := authority.NewProfile(*stack, *algorithm, dns, networks, *root, *intermediate)
	if err != nil {
		return err
	}
	secret, err := vault.ReadPassphrase(*passphrase)
	if err != nil {
		return err
	}
	now := time.Now()
	ca, err := authority.Init(*state, profile, secret, vaultCost, now)
	if err != nil {
		return err
	}
	return record(*state, ca, "created", "", now, out)
}

func runRoll(_ context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	state := flags.String("state", "", "folder of the authority")
	passphrase := flags.String("passphrase-file", "", "file (mode 0600) with the passphrase of the root key")
	root := flags.Bool("root", false, "make a new root too; the old one stays in the bundle")
	early := flags.Bool("early", false, "even if peers may not have the root of the last roll-over yet")
	fresh := flags.String("new-passphrase-file", "", "with --root: passphrase of the new root's key, if it is to be another")
	overlap := flags.Duration("overlap", 0, "with --root: how long the old root stays trusted (default: until it expires)")
	if err := parse(flags, arguments, 0); err != nil {
		return err
	}
	if !*root && (*fresh != "" || *overlap != 0) {
		return fmt.Errorf("--overlap and --new-passphrase-file go with --root")
	}
	options := authority.RollOptions{Root: *root, Early: *early, Overlap: *overlap, Cost: vaultCost}
	var err error
	if options.Passphrase, err = vault.ReadPassphrase(*passphrase); err != nil {
		return err
	}
	if *fresh != "" {
		if options.NewPassphrase, err = vault.ReadPassphrase(*fresh); err != nil {
			return err
		}
	}
	now := time.Now()
	ca, err := authority.Roll(*state, options, now)
	if err != nil {
		return err
	}
	note := "intermediate"
	if *root {
		note = "root and intermediate"
	}
	return record(*state, ca, "rolled", note, now, out)
}

func record(state string, ca *authority.Authority, event, note string, now time.Time, out io.Writer) error {
	intermediate := ca.Intermediate()
	entry := journal.Entry{
		Time: now, Event: event, Name: ca.Profile.Stack, Names: append(append([]string{}, ca.Profile.DNS...), ca.Profile.Networks...),
		Serial: authority.Serial(intermediate), NotBefore: &intermediate.NotBefore, NotAfter: &intermediate.NotAfter,
		Fingerprint: authority.Fingerprint(intermediate), Issuer: authority.Fingerprint(ca.Root()), Note: note,
	}
	if err := journal.Append(state, entry); err != nil {
		return err
	}
	fmt.Fprintf(out, "root          %s until %s\n", authority.Fingerprint(ca.Root()), ca.Root().NotAfter.Format(time.DateOnly))
	fmt.Fprintf(out, "intermediate  %s until %s\n", authority.Fingerprint(intermediate), intermediate.NotAfter.Format(time.DateOnly))
	return nil
}

func runDeny(_ context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	state := flags.String("state", "", "folder of the authority")
	reason := flags.String("reason", "", "why, for the list and the log")
	if err := parse(flags, arguments, 1); err != nil {
		return err
	}
	serial, err := authority.NormalSerial(flags.Arg(0))
	if err != nil {
		return err
	}
	if err := authority.CheckFolder(*state, false); err != nil {
		return err
	}
	entries, err := journal.Verify(*state)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Event != "issued" || entry.Serial != serial {
			continue
		}
		now := time.Now()
		// The list first: it is what protects. A repeat after a crash finds it there.
		serials := []string{serial}
		if entry.Other != "" {
			// Both keys of a pair lie in one folder: who has one has the other.
			serials = append(serials, entry.Other)
		}
		if _, err := authority.Deny(*state, serials, *reason, now); err != nil {
			return err
		}
		for _, one := range serials {
			fmt.Fprintf(out, "denied %s (%s); serve replaces it at its next look\n", one, entry.Name)
			if err := journal.Append(*state, journal.Entry{Time: now, Event: "denied", Name: entry.Name, Serial: one, Note: *reason}); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("serial %s is not in the issuer log: this authority never issued it", serial)
}

func runStatus(_ context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	state := flags.String("state", "", "folder of the authority")
	declared := flags.String("declaration", "", "JSON file that says which certificates are wanted")
	folder := flags.String("out", "", "folder that certificates are written to")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := parse(flags, arguments, 0); err != nil {
		return err
	}
	ca, err := authority.Load(*state)
	if err != nil {
		return err
	}
	denied, err := authority.LoadDenied(*state)
	if err != nil {
		return err
	}
	leaves, err := declaration.Read(*declared, ca.Suite.Pairs())
	if err != nil {
		return err
	}
	report := issuer.NewReport(ca, denied, leaves, *folder, time.Now())
	if *asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		_, err = io.WriteString(out, table(report))
	}
	if err == nil && len(report.Problems)+len(report.Warnings) > 0 {
		err = errProblem
	}
	return err
}

func table(report issuer.Report) string {
	text := fmt.Sprintf("authority of %s, sha256 %s\n", report.Authority.Stack, report.Authority.Fingerprint)
	for _, leaf := range report.Leaves {
		state := "good"
		if leaf.Fault != issuer.Good {
			state = string(leaf.Fault)
		}
		text += fmt.Sprintf("%-24s %-24s until %s\n", leaf.Name, state, leaf.NotAfter)
	}
	for _, problem := range report.Problems {
		text += "problem: " + problem + "\n"
	}
	for _, warning := range report.Warnings {
		text += "warning: " + warning + "\n"
	}
	return text
}

func runVerify(_ context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	state := flags.String("state", "", "folder of the authority")
	path := flags.String("certificate", "", "PEM file with a certificate to check")
	if err := parse(flags, arguments, 0); err != nil {
		return err
	}
	ca, err := authority.Load(*state)
	if err != nil {
		return err
	}
	entries, err := journal.Verify(*state)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := ca.Usable(now); err != nil {
		return err
	}
	if *path != "" {
		if err := verifyOne(*state, ca, entries, *path, now); err != nil {
			return fmt.Errorf("%s: %w", *path, err)
		}
	}
	fmt.Fprintf(out, "good: authority of %s, %d lines in the issuer log\n", ca.Profile.Stack, len(entries))
	return nil
}

func verifyOne(state string, ca *authority.Authority, entries []journal.Entry, path string, now time.Time) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var chain []*x509.Certificate
	if chain, err = authority.DecodePEM(ca.Suite, text); err != nil {
		return err
	}
	if err := ca.Verify(chain[0], now); err != nil {
		return err
	}
	denied, err := authority.LoadDenied(state)
	if err != nil {
		return err
	}
	serial := authority.Serial(chain[0])
	if authority.IsDenied(denied, serial) {
		return fmt.Errorf("serial %s is denied", serial)
	}
	for _, entry := range entries {
		if entry.Fingerprint == authority.Fingerprint(chain[0]) {
			return nil
		}
	}
	return fmt.Errorf("serial %s is signed by this authority, but not in its log: the key has been used elsewhere", serial)
}

func runLogRestart(_ context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	state := flags.String("state", "", "folder of the authority")
	if err := parse(flags, arguments, 0); err != nil {
		return err
	}
	if err := authority.CheckFolder(*state, false); err != nil {
		return err
	}
	aside, err := journal.Restart(*state, time.Now())
	if err == nil {
		fmt.Fprintf(out, "the old log is %s\n", aside)
	}
	return err
}
