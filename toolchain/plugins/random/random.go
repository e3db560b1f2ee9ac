// Package random is the random resource provider: the upstream Terraform
// provider behind Pulumi's bridge, with the tokens of the official
// pulumi-random plugin.
package random

import (
	"context"
	_ "embed"
	"errors"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/terraform-providers/terraform-provider-random/shim"
)

const (
	pkg    = "random"
	module = "index"
)

//go:embed bridge-metadata.json
var metadata []byte

//go:embed schema.json
var schema []byte

// Main serves the provider on the engine's terms until the engine ends it.
func Main(version string) {
	pf.Main(context.Background(), pkg, Provider(version), pf.ProviderMetadata{
		PackageSchema:  schema,
		BridgeMetadata: metadata,
	})
}

// Provider describes how upstream names map to Pulumi names.
func Provider(version string) tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:            pf.ShimProvider(shim.NewProvider()),
		Name:         pkg,
		License:      "Apache-2.0",
		Version:      version,
		MetadataInfo: tfbridge.NewProviderMetadata(metadata),
		Resources: map[string]*tfbridge.ResourceInfo{
			"random_bytes":    {ComputeID: bytesID},
			"random_string":   {PreStateUpgradeHook: unmarkedStringState},
			"random_password": {},
		},
		EnableAccurateBridgePreview: true,
		EnableRawStateDelta:         true,
	}
	info.MustComputeTokens(tokens.SingleModule("random_", module, func(mod, name string) (string, error) {
		return tokens.MakeStandard(pkg)(mod, "Random"+name)
	}))
	info.MustApplyAutoAliases()
	return info
}

// unmarkedStringState treats a state without a version as version 1: states
// written by old plugins lack the mark (pulumi-random issue 258).
func unmarkedStringState(args tfbridge.PreStateUpgradeHookArgs) (int64, resource.PropertyMap, error) {
	if args.PriorStateSchemaVersion == 0 {
		return 1, args.PriorState, nil
	}
	return args.PriorStateSchemaVersion, args.PriorState, nil
}

// bytesID takes the id from an attribute: random_bytes has no id of its own.
func bytesID(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
	value, ok := state["base64"]
	if !ok {
		return "", errors.New("random bytes: no base64 value in the state")
	}
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if !value.IsString() {
		return "", errors.New("random bytes: base64 in the state is not a string")
	}
	return resource.ID(value.StringValue()), nil
}
