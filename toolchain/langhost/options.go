package langhost

import (
	"fmt"

	"github.com/google/shlex"
	"github.com/pulumi/pulumi/sdk/v3/nodejs/npm"
	"google.golang.org/protobuf/types/known/structpb"
)

// options are the `runtime.options` of Pulumi.yaml and PulumiPolicy.yaml.
type options struct {
	// typescript asks for ts-node; false leaves TypeScript to Node itself,
	// which strips the types.
	typescript     bool
	tsconfig       string
	nodeargs       []string
	packagemanager npm.PackageManagerType
	production     bool
}

var packageManagers = map[string]npm.PackageManagerType{
	"auto": npm.AutoPackageManager,
	"npm":  npm.NpmPackageManager,
	"yarn": npm.YarnPackageManager,
	"pnpm": npm.PnpmPackageManager,
	"bun":  npm.BunPackageManager,
}

func parseOptions(given *structpb.Struct) (options, error) {
	parsed := options{typescript: true, packagemanager: npm.AutoPackageManager}
	raw := given.AsMap()
	var nodeargs, manager string
	for _, option := range []struct {
		key  string
		into any
	}{
		{"typescript", &parsed.typescript},
		{"production", &parsed.production},
		{"tsconfig", &parsed.tsconfig},
		{"nodeargs", &nodeargs},
		{"packagemanager", &manager},
	} {
		value, ok := raw[option.key]
		if !ok {
			continue
		}
		if err := assign(option.key, value, option.into); err != nil {
			return options{}, err
		}
	}
	if manager != "" {
		kind, ok := packageManagers[manager]
		if !ok {
			return options{}, fmt.Errorf(
				"runtime option packagemanager is %q: must be one of auto, npm, yarn, pnpm or bun", manager)
		}
		parsed.packagemanager = kind
	}
	args, err := shlex.Split(nodeargs)
	if err != nil {
		return options{}, fmt.Errorf("runtime option nodeargs %q: %w", nodeargs, err)
	}
	parsed.nodeargs = args
	return parsed, nil
}

func assign(key string, value any, into any) error {
	switch into := into.(type) {
	case *bool:
		flag, ok := value.(bool)
		if !ok {
			return fmt.Errorf("runtime option %s is %v: must be true or false", key, value)
		}
		*into = flag
	case *string:
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("runtime option %s is %v: must be a string", key, value)
		}
		*into = text
	}
	return nil
}

// environment is what the SDK inside the child reads.
func (o options) environment() []string {
	var env []string
	if o.typescript {
		env = append(env, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	if o.tsconfig != "" {
		env = append(env, "PULUMI_NODEJS_TSCONFIG_PATH="+o.tsconfig)
	}
	return env
}
