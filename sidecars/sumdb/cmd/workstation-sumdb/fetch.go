package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"workstation/sidecars/sumdb/internal/mirror"
)

// fetchers ask at once; the upstream's own limit is above it.
const fetchers = 8

func runFetch(ctx context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	options := common{}
	options.declare(flags)
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("no go.sum file is named")
	}
	var wanted []line
	for _, path := range flags.Args() {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sums, err := mirror.ParseSums(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, sum := range sums {
			wanted = append(wanted, line{path, sum})
		}
	}
	opened, done, err := options.open(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	defer done()
	// One head for all, instead of one after the other as older records come in.
	if !options.offline {
		if err := opened.Refresh(ctx); err != nil {
			return err
		}
	}
	held, private, problems := fetchAll(ctx, opened, wanted)
	fmt.Fprintf(out, "%d lines held and equal, %d private, %d not good; head of %d\n", held, private, len(problems), opened.State().Size)
	return errors.Join(problems...)
}

// line of a go.sum file.
type line struct {
	path string
	sum  mirror.Sum
}

func fetchAll(ctx context.Context, opened *mirror.Mirror, wanted []line) (held, private int, problems []error) {
	var mu sync.Mutex
	var group sync.WaitGroup
	work := make(chan line)
	for range fetchers {
		group.Add(1)
		go func() {
			defer group.Done()
			for next := range work {
				good, err := opened.Verify(ctx, next.sum)
				mu.Lock()
				switch {
				case err != nil:
					problems = append(problems, fmt.Errorf("%s: %w", next.path, err))
				case good:
					held++
				default:
					private++
				}
				mu.Unlock()
			}
		}()
	}
	for _, next := range wanted {
		work <- next
	}
	close(work)
	group.Wait()
	return held, private, problems
}
