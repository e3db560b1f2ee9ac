// generate writes what the bridged providers embed: their schema and the
// bridge's own record of which lists it flattens. Maintainers run it after a
// provider moved (`go run -mod=mod .`); a normal build does not.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/pulumi/pulumi-terraform-bridge/v3/unstable/metadata"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"workstation/toolchain/plugins/docker"
	"workstation/toolchain/plugins/random"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var versions struct{ Plugins map[string]string }
	raw, err := os.ReadFile(filepath.Join("..", "versions.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &versions); err != nil {
		return err
	}
	plugins, err := filepath.Abs(filepath.Join("..", "plugins"))
	if err != nil {
		return err
	}
	// The generator reads the Pulumi.yaml above its working directory, and ours
	// names a plugin that it would look for below this one.
	away, err := os.MkdirTemp("", "generate")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(away) }()
	if err := os.Chdir(away); err != nil {
		return err
	}
	sink := diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never})

	dockerInfo := docker.Provider()
	dockerInfo.Version = versions.Plugins["docker"]
	schema, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo: dockerInfo, DiagnosticsSink: sink, XInMemoryDocs: true,
	})
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(schema.PackageSpec)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(plugins, "docker"), encoded, dockerInfo); err != nil {
		return err
	}

	randomInfo := random.Provider(versions.Plugins["random"])
	generated, err := pf.GenerateSchema(nil, pf.GenerateSchemaOptions{ //nolint:staticcheck // nil is documented
		ProviderInfo: randomInfo, DiagnosticsSink: sink, XInMemoryDocs: true,
	})
	if err != nil {
		return err
	}
	return write(filepath.Join(plugins, "random"), generated.ProviderMetadata.PackageSchema, randomInfo)
}

func write(dir string, schema []byte, info tfbridge.ProviderInfo) error {
	var decoded any
	if err := json.Unmarshal(schema, &decoded); err != nil {
		return err
	}
	compact, err := json.Marshal(withoutTexts(decoded, false))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "schema.json"), append(compact, '\n'), 0o644); err != nil {
		return err
	}
	record := (*metadata.Data)(info.MetadataInfo.Data).Marshal()
	var shorter any
	if err := json.Unmarshal(record, &shorter); err != nil {
		return err
	}
	if record, err = json.Marshal(shorter); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "bridge-metadata.json"), append(record, '\n'), 0o644)
}

// withoutTexts drops descriptions, which are nine tenths of a schema: people
// read them in the npm package. A property may itself be called so.
func withoutTexts(node any, names bool) any {
	switch node := node.(type) {
	case []any:
		for i := range node {
			node[i] = withoutTexts(node[i], false)
		}
	case map[string]any:
		for key, value := range node {
			if _, text := value.(string); text && key == "description" && !names {
				delete(node, key)
				continue
			}
			node[key] = withoutTexts(value, !names && holdsNames[key])
		}
	}
	return node
}

var holdsNames = map[string]bool{
	"properties": true, "inputProperties": true, "variables": true,
	"resources": true, "types": true, "functions": true,
}
