// Package warm makes a running gate fetch all that go.sum files name.
package warm

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strings"

	"golang.org/x/mod/module"
)

// Task is one version, with the hashes that go.sum has for it; "" where it has none.
type Task struct {
	module.Version
	zip, mod map[string]bool
}

func (t Task) lines() int { return len(t.zip) + len(t.mod) }

// Work is the tasks, each version once.
type Work []Task

// Lines of go.sum in it, each different line once.
func (w Work) Lines() int {
	count := 0
	for _, task := range w {
		count += task.lines()
	}
	return count
}

// Read go.sum lines. zipsOnly leaves out versions that only have a /go.mod line.
func Read(in io.Reader, zipsOnly bool) (Work, error) {
	tasks := map[module.Version]*Task{}
	scanner := bufio.NewScanner(in)
	for number := 1; scanner.Scan(); number++ {
		words := strings.Fields(scanner.Text())
		if len(words) == 0 {
			continue
		}
		if len(words) != 3 || !strings.HasPrefix(words[2], "h1:") {
			return nil, fmt.Errorf("line %d: %q is not MODULE VERSION h1:HASH", number, scanner.Text())
		}
		version, isMod := strings.CutSuffix(words[1], "/go.mod")
		key := module.Version{Path: words[0], Version: version}
		if _, err := module.EscapePath(key.Path); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if _, err := module.EscapeVersion(key.Version); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		task := tasks[key]
		if task == nil {
			task = &Task{Version: key, zip: map[string]bool{}, mod: map[string]bool{}}
			tasks[key] = task
		}
		if isMod {
			task.mod[words[2]] = true
		} else {
			task.zip[words[2]] = true
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	var work Work
	for _, task := range tasks {
		if !zipsOnly || len(task.zip) > 0 {
			work = append(work, *task)
		}
	}
	sort.Slice(work, func(i, j int) bool {
		if work[i].Path != work[j].Path {
			return work[i].Path < work[j].Path
		}
		return work[i].Version.Version < work[j].Version.Version
	})
	return work, nil
}
