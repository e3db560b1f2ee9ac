package command

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func server(t *testing.T) integration.Server {
	t.Helper()
	s, err := integration.NewServer(t.Context(), name, semver.MustParse("1.2.1"), integration.WithProvider(New()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var urn = resource.NewURN("stack", "project", "", "command:local:Command", "it")

func texts(pairs ...string) property.Map {
	values := map[string]property.Value{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = property.New(pairs[i+1])
	}
	return property.NewMap(values)
}

func TestLifeOfACommand(t *testing.T) {
	s, log := server(t), filepath.Join(t.TempDir(), "log")
	inputs := texts("create", "echo made; echo warn >&2",
		"update", `echo "was $PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"`,
		"delete", `echo "gone after $PULUMI_COMMAND_STDOUT" > `+log)

	preview, err := s.Create(p.CreateRequest{Urn: urn, Properties: inputs, DryRun: true})
	if err != nil || !preview.Properties.Get("stdout").IsComputed() {
		t.Fatalf("preview: stdout is not unknown: %v %v", preview.Properties, err)
	}
	created, err := s.Create(p.CreateRequest{Urn: urn, Properties: inputs})
	if err != nil {
		t.Fatal(err)
	}
	if out, warn := created.Properties.Get("stdout").AsString(), created.Properties.Get("stderr").AsString(); out != "made" || warn != "warn" {
		t.Fatalf("got %q and %q", out, warn)
	}
	if !strings.HasPrefix(created.ID, "it") || len(created.ID) != len("it")+8 {
		t.Errorf("id %q: want the name and 8 hex digits", created.ID)
	}
	updated, err := s.Update(p.UpdateRequest{ID: created.ID, Urn: urn, State: created.Properties, Inputs: inputs})
	if err != nil {
		t.Fatal(err)
	}
	if out := updated.Properties.Get("stdout").AsString(); out != "was made/warn" {
		t.Errorf("update: got %q", out)
	}
	if err := s.Delete(p.DeleteRequest{ID: created.ID, Urn: urn, Properties: updated.Properties}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(log); err != nil || string(got) != "gone after was made/warn\n" {
		t.Errorf("delete: got %q %v", got, err)
	}
}

func TestWhatReplacesAndWhatUpdates(t *testing.T) {
	s, plain := server(t), texts("create", "true")
	triggers := func(value string) property.Map {
		return plain.Set("triggers", property.New([]property.Value{property.New(value)}))
	}
	for name, test := range map[string]struct {
		olds, news property.Map
		path       string
		kind       p.DiffKind
	}{
		"triggers that are new replace": {plain, triggers("a"), "triggers", p.AddReplace},
		// The SDK asks the engine to replace for a change inside the list
		// (replaceOnChanges "triggers[*]"), so the provider need not.
		"a trigger that changes":  {triggers("a"), triggers("b"), "triggers[0]", p.Update},
		"another command updates": {plain, texts("create", "false"), "create", p.Update},
	} {
		t.Run(name, func(t *testing.T) {
			diff, err := s.Diff(p.DiffRequest{ID: "it", Urn: urn, State: test.olds, OldInputs: test.olds, Inputs: test.news})
			if err != nil {
				t.Fatal(err)
			}
			if found := diff.DetailedDiff[test.path]; len(diff.DetailedDiff) != 1 || found.Kind != test.kind {
				t.Errorf("got %v, want %s at %s", diff.DetailedDiff, test.kind, test.path)
			}
		})
	}
}

func TestHowACommandIsRun(t *testing.T) {
	s, dir := server(t), t.TempDir()
	for name, test := range map[string]struct {
		inputs property.Map
		stdout string
	}{
		"stdin":       {texts("create", "cat", "stdin", "in"), "in"},
		"dir":         {texts("create", "pwd", "dir", dir), dir},
		"environment": {texts("create", "echo $A$B").Set("environment", property.New(texts("A", "1", "B", "2"))), "12"},
		"interpreter": {texts("create", "a b").Set("interpreter", property.New([]property.Value{
			property.New("/bin/echo"), property.New("-n")})), "a b"},
		"only the last newline goes": {texts("create", `printf 'a\n\n'`), "a\n"},
		"a very long line":           {texts("create", "head -c 200000 /dev/zero | tr '\\0' x"), strings.Repeat("x", 200000)},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := s.Create(p.CreateRequest{Urn: urn, Properties: test.inputs})
			if err != nil {
				t.Fatal(err)
			}
			if got := made.Properties.Get("stdout").AsString(); got != test.stdout {
				t.Errorf("got %.80q, want %.80q", got, test.stdout)
			}
		})
	}
}

func TestAFailureShowsWhatTheCommandSaid(t *testing.T) {
	_, err := server(t).Create(p.CreateRequest{Urn: urn, Properties: texts("create", "echo one; echo two >&2; exit 4")})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"exit status 4", "one", "two"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}

func TestFilesThatACommandLeaves(t *testing.T) {
	inputs := texts("create", "mkdir -p a/b && touch a/x.txt a/b/y.txt a/secret.txt", "dir", t.TempDir()).
		Set("assetPaths", property.New([]property.Value{property.New("a/**.txt"), property.New("!**secret*")}))
	made, err := server(t).Create(p.CreateRequest{Urn: urn, Properties: inputs})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range made.Properties.Get("assets").AsMap().All {
		names = append(names, name)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "a/b/y.txt a/x.txt" {
		t.Errorf("got %q", got)
	}
}

func TestASecretInputStaysSecret(t *testing.T) {
	hidden := property.New("hush").WithSecret(true)
	inputs := texts("create", "true").Set("stdin", hidden)
	made, err := server(t).Create(p.CreateRequest{Urn: urn, Properties: inputs})
	if err != nil || !made.Properties.Get("stdin").Secret() {
		t.Errorf("stdin came back in the clear: %v %v", made.Properties, err)
	}
}

func TestInvoke(t *testing.T) {
	answer, err := server(t).Invoke(p.InvokeRequest{Token: "command:local:run", Args: texts("command", "echo now")})
	if err != nil || answer.Return.Get("stdout").AsString() != "now" {
		t.Errorf("got %v %v", answer, err)
	}
}

func TestWhatIsLeftOutSaysSo(t *testing.T) {
	s := server(t)
	for _, kind := range []string{"command:remote:Command", "command:remote:CopyToRemote"} {
		_, err := s.Check(p.CheckRequest{Urn: resource.NewURN("s", "p", "", tokens.Type(kind), "n")})
		if err == nil || !strings.Contains(err.Error(), "not in this build") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// The npm package is what programs are written against: the provider must take
// and give exactly its names.
func TestPropertiesAreThoseOfTheSDK(t *testing.T) {
	file := filepath.Join("..", "..", "node_modules", "@pulumi", "command", "local", "command.d.ts")
	types, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("the npm packages are not installed: %v", err)
	}
	answer, err := server(t).GetSchema(p.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	wanted := regexp.MustCompile(`(?m)^    readonly (\w+): pulumi\.Output`).FindAllStringSubmatch(string(types), -1)
	if len(wanted) < 10 {
		t.Fatalf("%s has another form than expected", file)
	}
	for _, match := range wanted {
		if !strings.Contains(answer.Schema, `"`+match[1]+`":`) {
			t.Errorf("the provider lacks %s", match[1])
		}
	}
}
