package langhost

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

func TestOptions(t *testing.T) {
	given, err := structpb.NewStruct(map[string]any{
		"typescript": false, "nodeargs": "--import './my file.ts' --trace-warnings", "packagemanager": "pnpm",
	})
	if err != nil {
		t.Fatal(err)
	}
	opts, err := parseOptions(given)
	if err != nil {
		t.Fatal(err)
	}
	if opts.typescript || strings.Join(opts.nodeargs, "|") != "--import|./my file.ts|--trace-warnings" {
		t.Errorf("got %+v", opts)
	}
	if opts, err := parseOptions(nil); err != nil || !opts.typescript {
		t.Errorf("without options: %+v %v", opts, err)
	}
	for key, value := range map[string]any{"typescript": "no", "nodeargs": true, "packagemanager": "apt"} {
		wrong, err := structpb.NewStruct(map[string]any{key: value})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseOptions(wrong); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s=%v: the error should name the option: %v", key, value, err)
		}
	}
}

// program writes a stand-in for the SDK's entry, and gives a request to run it.
func program(t *testing.T, body string) (*host, *pulumirpc.RunRequest) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not on PATH")
	}
	root := tree(t, map[string]string{
		"package.json": `{}`,
		"node_modules/@pulumi/pulumi/cmd/run/index.js": body,
	})
	t.Setenv("PULUMI_HOME", root)
	h := newHost(t.Context(), "v0.0.0")
	h.engine = "127.0.0.1:1"
	options, err := structpb.NewStruct(map[string]any{"typescript": false})
	if err != nil {
		t.Fatal(err)
	}
	return h, &pulumirpc.RunRequest{
		Project: "p", Stack: "s", MonitorAddress: "127.0.0.1:2", Parallel: 4, DryRun: true,
		Config: map[string]string{"p:secret": "hush"}, ConfigSecretKeys: []string{"p:secret"},
		Info: &pulumirpc.ProgramInfo{
			RootDirectory: root, ProgramDirectory: root, EntryPoint: ".", Options: options,
		},
	}
}

func TestHowProgramsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		body  string
		error string
		bail  bool
	}{
		"success":               {body: ``},
		"an exit code":          {body: `process.exit(7)`, error: "Program exited with non-zero exit code: 7"},
		"already told":          {body: `process.exit(32)`, bail: true},
		"killed":                {body: `process.kill(process.pid, "SIGKILL")`, error: "Program exited unexpectedly: signal: killed"},
		"out of memory is told": {body: `console.error("FATAL ERROR: JavaScript heap out of memory"); process.exit(134)`, error: "--max-old-space-size"},
	} {
		t.Run(name, func(t *testing.T) {
			h, req := program(t, test.body)
			answer, err := h.Run(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if answer.GetBail() != test.bail || !strings.Contains(answer.GetError(), test.error) ||
				(test.error == "") != (answer.GetError() == "") {
				t.Errorf("got %v", answer)
			}
		})
	}
}

func TestSettingsReachTheProgramButNotItsArguments(t *testing.T) {
	h, req := program(t, `
		const { writeFileSync } = require("node:fs");
		writeFileSync("seen.json", JSON.stringify({ argv: process.argv.slice(2), env: process.env }));`)
	command, err := h.programCommand(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	command.Dir = req.GetInfo().GetProgramDirectory()
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(command.Dir, "seen.json"))
	if err != nil {
		t.Fatal(err)
	}
	arguments, environment, _ := strings.Cut(string(raw), `"env"`)
	if strings.Contains(arguments, "hush") {
		t.Error("a setting is visible in the arguments")
	}
	for _, want := range []string{`"--monitor","127.0.0.1:2"`, `"--parallel","4"`, `"--dry-run"`} {
		if !strings.Contains(arguments, want) {
			t.Errorf("arguments lack %s: %s", want, arguments)
		}
	}
	for _, want := range []string{`p:config:secret`, `hush`, `NODE_COMPILE_CACHE`} {
		if !strings.Contains(environment, want) {
			t.Errorf("the environment lacks %s", want)
		}
	}
}

func TestCancelInterruptsTheProgram(t *testing.T) {
	h, req := program(t, `
		process.on("SIGINT", () => { require("node:fs").writeFileSync("asked", ""); process.exit(130); });
		require("node:fs").writeFileSync("started", "");
		setInterval(() => {}, 1000);`)
	t.Chdir(req.GetInfo().GetProgramDirectory())
	ended := make(chan *pulumirpc.RunResponse, 1)
	go func() {
		answer, _ := h.Run(context.Background(), req)
		ended <- answer
	}()
	await(t, "started")
	if _, err := h.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	select {
	case answer := <-ended:
		if answer.GetError() == "" {
			t.Error("a program that was interrupted must not count as done")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the program went on")
	}
	await(t, "asked")
}

func await(t *testing.T, file string) {
	t.Helper()
	for range 200 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s never appeared", file)
}

func TestAMissingSDKSaysWhatToDo(t *testing.T) {
	h, req := program(t, ``)
	req.Info.ProgramDirectory = t.TempDir()
	answer, err := h.Run(t.Context(), req)
	if err != nil || !strings.Contains(answer.GetError(), "npm ci") {
		t.Errorf("got %v %v", answer, err)
	}
}
