package langhost

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// tree writes files below a new folder and gives that back.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func describe(packages []*pulumirpc.PackageDependency) string {
	var names []string
	for _, found := range packages {
		names = append(names, found.GetName()+"@"+found.GetVersion())
	}
	return strings.Join(names, " ")
}

func TestRequiredPackages(t *testing.T) {
	const provider = `{"name":"@pulumi/docker","version":"5.2.0","pulumi":{"resource":true,"name":"docker"}}`
	for name, test := range map[string]struct {
		files map[string]string
		dir   string
		want  string
	}{
		"a direct dependency": {files: map[string]string{
			"package.json": `{"dependencies":{"@pulumi/docker":"5.2.0","left":"1"}}`,
			"node_modules/@pulumi/docker/package.json": provider,
			"node_modules/left/package.json":           `{"name":"left","version":"1.0.0"}`,
		}, want: "docker@v5.2.0"},
		"through another package, hoisted": {files: map[string]string{
			"package.json":                             `{"dependencies":{"stack":"1"}}`,
			"node_modules/stack/package.json":          `{"name":"stack","version":"1.0.0","dependencies":{"@pulumi/docker":"5"}}`,
			"node_modules/@pulumi/docker/package.json": provider,
		}, want: "docker@v5.2.0"},
		"nested where versions differ": {files: map[string]string{
			"package.json": `{"dependencies":{"stack":"1","@pulumi/docker":"5"}}`,
			"node_modules/@pulumi/docker/package.json":                    provider,
			"node_modules/stack/package.json":                             `{"name":"stack","dependencies":{"@pulumi/docker":"4"}}`,
			"node_modules/stack/node_modules/@pulumi/docker/package.json": strings.ReplaceAll(provider, "5.2.0", "4.11.2"),
		}, want: "docker@v5.2.0 docker@v4.11.2"},
		"a workspace keeps packages above the program": {files: map[string]string{
			"node_modules/@pulumi/docker/package.json": provider,
			"apps/one/package.json":                    `{"devDependencies":{"@pulumi/docker":"5"}}`,
		}, dir: "apps/one", want: "docker@v5.2.0"},
		"the plugin's own version wins; a cycle ends": {files: map[string]string{
			"package.json":                `{"dependencies":{"a":"1"}}`,
			"node_modules/a/package.json": `{"name":"a","version":"9.9.9","pulumi":{"resource":true,"name":"alpha","version":"1.2.3"},"dependencies":{"b":"1"}}`,
			"node_modules/b/package.json": `{"name":"b","dependencies":{"a":"1"}}`,
		}, want: "alpha@v1.2.3"},
		"what nobody depends on does not count": {files: map[string]string{
			"package.json": `{}`,
			"node_modules/@pulumi/docker/package.json": provider,
		}, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := requiredPackages(filepath.Join(tree(t, test.files), test.dir))
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(found); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestABrokenManifestKeepsTheOthers(t *testing.T) {
	found, err := requiredPackages(tree(t, map[string]string{
		"package.json":                          `{"dependencies":{"bad":"1","good":"1","third-party":"1"}}`,
		"node_modules/bad/package.json":         `{`,
		"node_modules/third-party/package.json": `{"name":"third-party","version":"1.0.0","pulumi":{"resource":true}}`,
		"node_modules/good/package.json":        `{"name":"@pulumi/good","version":"1.0.0","pulumi":{"resource":true}}`,
	}))
	if got := describe(found); got != "good@v1.0.0" {
		t.Errorf("got %q", got)
	}
	if err == nil || !strings.Contains(err.Error(), "third-party") || !strings.Contains(err.Error(), "bad") {
		t.Errorf("the error should name both: %v", err)
	}
}

func TestLocateFollowsLinks(t *testing.T) {
	root := tree(t, map[string]string{
		"store/sdk/cmd/run/index.js": "",
		"app/deep/file":              "",
		"app/node_modules/.keep":     "",
	})
	if err := os.Symlink(filepath.Join(root, "store", "sdk"), filepath.Join(root, "app", "node_modules", "sdk")); err != nil {
		t.Fatal(err)
	}
	got := inNodeModules("sdk/cmd/run", filepath.Join(root, "app", "deep"))
	if want := filepath.Join(root, "store", "sdk", "cmd", "run", "index.js"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := inNodeModules("absent", root); got != "" {
		t.Errorf("absent module: got %q", got)
	}
}
